select m.*, d.speed_pedal, d.break_pedal, d.steer_angle, d.direct_light, d.speed, d.area_number, d.r_date as reg_date,
  substr(d.r_date, 1, 8) as biz_date
from (select distinct on (r_date, car_number) * from {{ ref('smartcar_drive_info_2') }}) d
join {{ ref('smartcar_master_over18') }} m on m.car_number = d.car_number
