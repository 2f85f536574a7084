with car as (
  select biz_date, car_number, avg(speed_pedal) as speed_p_avg, avg(break_pedal) as break_p_avg,
    sum(speed_pedal) as speed_sum, sum(break_pedal) as break_sum, count(*) as row_count,
    count(*) filter (where steer_angle in ('L2', 'L3', 'R2', 'R3')) as steer_a_cnt
  from {{ ref('managed_smartcar_drive_info') }}
  group by biz_date, car_number
),
fleet as (
  select biz_date, sum(speed_sum) / sum(row_count) as speed_mean, stddev_pop(speed_p_avg) as speed_deviation,
    sum(break_sum) / sum(row_count) as break_mean, stddev_pop(break_p_avg) as break_deviation
  from car
  group by biz_date
)
select car.biz_date, car.car_number,
  speed_p_avg, case when abs(speed_p_avg - speed_mean) > 2 * speed_deviation then 'abnormal' else 'normal' end as speed_p_symptom,
  break_p_avg, case when abs(break_p_avg - break_mean) > 2 * break_deviation then 'abnormal' else 'normal' end as break_p_symptom,
  steer_a_cnt, case when steer_a_cnt > 2000 then 'abnormal' else 'normal' end as steer_p_symptom
from car join fleet using (biz_date)
