{{ config(materialized='view') }}
-- Header lines stand anywhere: they do not fit the types and are left out.
select *
from read_csv('{{ env_var("SMARTCAR_BENCH_INPUT") }}/SmartCarDriverInfo*.log', header = false, auto_detect = false, delim = ',', quote = '', ignore_errors = true,
  columns = {'r_date': 'VARCHAR', 'car_number': 'VARCHAR', 'speed_pedal': 'INTEGER', 'break_pedal': 'INTEGER', 'steer_angle': 'VARCHAR', 'direct_light': 'VARCHAR', 'speed': 'INTEGER', 'area_number': 'VARCHAR'})
