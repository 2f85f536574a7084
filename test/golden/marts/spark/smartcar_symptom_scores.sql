CREATE OR REPLACE VIEW `smartcar_symptom_scores` (
  `car_number` COMMENT 'one capital letter and four digits',
  `speed_p_avg` COMMENT 'average of speed_pedal of the car on the day',
  `speed_p_mean` COMMENT 'average of speed_pedal over all rows of the day',
  `speed_p_deviation` COMMENT 'population standard deviation of the averages of the cars',
  `speed_p_score` COMMENT '(average - mean) / deviation, NULL when the deviation is 0',
  `break_p_avg` COMMENT 'average of break_pedal of the car on the day',
  `break_p_mean` COMMENT 'average of break_pedal over all rows of the day',
  `break_p_deviation` COMMENT 'population standard deviation of the averages of the cars',
  `break_p_score` COMMENT '(average - mean) / deviation, NULL when the deviation is 0',
  `steer_a_cnt` COMMENT 'rows with steer_angle L2, L3, R2 or R3',
  `row_count` COMMENT 'rows of the car on the day',
  `biz_date` COMMENT 'day of the rows'
) AS
WITH car AS (
  SELECT
    biz_date, car_number,
    SUM(speed_pedal) AS speed_sum, SUM(break_pedal) AS break_sum, COUNT(*) AS row_count,
    AVG(speed_pedal) AS speed_p_avg, AVG(break_pedal) AS break_p_avg,
    SUM(CASE WHEN steer_angle IN ('L2', 'L3', 'R2', 'R3') THEN 1 ELSE 0 END) AS steer_a_cnt
  FROM `managed_smartcar_drive_info`
  GROUP BY biz_date, car_number
),
fleet AS (
  SELECT
    biz_date,
    CAST(SUM(speed_sum) AS DOUBLE) / SUM(row_count) AS speed_p_mean, STDDEV_POP(speed_p_avg) AS speed_p_deviation,
    CAST(SUM(break_sum) AS DOUBLE) / SUM(row_count) AS break_p_mean, STDDEV_POP(break_p_avg) AS break_p_deviation
  FROM car
  GROUP BY biz_date
)
SELECT
  car.car_number,
  car.speed_p_avg, fleet.speed_p_mean, fleet.speed_p_deviation,
  CASE WHEN fleet.speed_p_deviation > 0 THEN (car.speed_p_avg - fleet.speed_p_mean) / fleet.speed_p_deviation END AS speed_p_score,
  car.break_p_avg, fleet.break_p_mean, fleet.break_p_deviation,
  CASE WHEN fleet.break_p_deviation > 0 THEN (car.break_p_avg - fleet.break_p_mean) / fleet.break_p_deviation END AS break_p_score,
  CAST(car.steer_a_cnt AS BIGINT) AS steer_a_cnt,
  CAST(car.row_count AS BIGINT) AS row_count,
  car.biz_date
FROM car
JOIN fleet ON fleet.biz_date = car.biz_date;
