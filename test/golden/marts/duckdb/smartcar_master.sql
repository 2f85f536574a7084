CREATE OR REPLACE VIEW "smartcar_master" AS
SELECT "car_number", "sex", "age", "marriage", "region", "job", "car_capacity", "car_year", "car_model"
FROM (SELECT *, row_number() OVER (PARTITION BY "car_number" ORDER BY filename DESC, "car_number" DESC, "sex" DESC, "age" DESC, "marriage" DESC, "region" DESC, "job" DESC, "car_capacity" DESC, "car_year" DESC, "car_model" DESC) AS row_rank
  FROM read_csv(['lake/car-master/*.log'], columns = {'car_number': 'VARCHAR', 'sex': 'VARCHAR', 'age': 'INTEGER', 'marriage': 'VARCHAR', 'region': 'VARCHAR', 'job': 'VARCHAR', 'car_capacity': 'INTEGER', 'car_year': 'INTEGER', 'car_model': 'VARCHAR'}, delim = '|', header = false, auto_detect = false, quote = '', escape = '', strict_mode = false, hive_partitioning = false, filename = true))
WHERE row_rank = 1;
