select *
from read_csv('{{ env_var("SMARTCAR_BENCH_INPUT") }}/CarMaster.txt', header = false, auto_detect = false, delim = '|', quote = '',
  columns = {'car_number': 'VARCHAR', 'sex': 'VARCHAR', 'age': 'INTEGER', 'marriage': 'VARCHAR', 'region': 'VARCHAR', 'job': 'VARCHAR', 'car_capacity': 'INTEGER', 'car_year': 'INTEGER', 'car_model': 'VARCHAR'})
where age >= 18
