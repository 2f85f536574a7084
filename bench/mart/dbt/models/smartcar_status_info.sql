{{ config(materialized='view') }}
-- Header lines stand anywhere: they do not fit the types and are left out.
select *
from read_csv('{{ env_var("SMARTCAR_BENCH_INPUT") }}/SmartCarStatusInfo_*.txt', header = false, auto_detect = false, delim = ',', quote = '', ignore_errors = true,
  columns = {'reg_date': 'VARCHAR', 'car_number': 'VARCHAR', 'tire_fl': 'INTEGER', 'tire_fr': 'INTEGER', 'tire_bl': 'INTEGER', 'tire_br': 'INTEGER', 'light_fl': 'INTEGER', 'light_fr': 'INTEGER', 'light_bl': 'INTEGER', 'light_br': 'INTEGER', 'engine': 'VARCHAR', 'break': 'VARCHAR', 'battery': 'INTEGER'})
