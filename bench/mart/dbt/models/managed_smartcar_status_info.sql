select m.*, s.tire_fl, s.tire_fr, s.tire_bl, s.tire_br, s.light_fl, s.light_fr, s.light_bl, s.light_br,
  s.engine, s.break, s.battery, s.reg_date, substr(s.reg_date, 1, 8) as biz_date
from (select distinct on (reg_date, car_number) * from {{ ref('smartcar_status_info') }}) s
join {{ ref('smartcar_master_over18') }} m on m.car_number = s.car_number
