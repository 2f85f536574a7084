select biz_date, car_number,
  case when least(avg(tire_fl), avg(tire_fr), avg(tire_bl), avg(tire_br)) < 80 then 'Tire Check' end as tire_check,
  case when max(greatest(light_fl, light_fr, light_bl, light_br)) = 2 then 'Light Check' end as light_check,
  case when max(engine) = 'C' then 'Engine Check' end as engine_check,
  case when max("break") = 'C' then 'Brake Check' end as break_check,
  case when avg(battery) < 30 then 'Battery Check' end as battery_check
from {{ ref('managed_smartcar_status_info') }}
group by biz_date, car_number
having coalesce(tire_check, light_check, engine_check, break_check, battery_check) is not null
