CREATE OR REPLACE VIEW "managed_smartcar_status_info" AS
SELECT "car_number", "sex", "age", "marriage", "region", "job", "car_capacity", "car_year", "car_model", "tire_fl", "tire_fr", "tire_bl", "tire_br", "light_fl", "light_fr", "light_bl", "light_br", "engine", "break", "battery", "reg_date", "biz_date"
FROM read_parquet(['warehouse/managed_smartcar_status_info/biz_date=*/managed_smartcar_status_info.parquet'], hive_partitioning = true, hive_types = {'biz_date': 'VARCHAR'});

COPY (
SELECT
  m.car_number, m.sex, m.age, m.marriage, m.region, m.job, m.car_capacity, m.car_year, m.car_model,
  s.tire_fl, s.tire_fr, s.tire_bl, s.tire_br, s.light_fl, s.light_fr, s.light_bl, s.light_br,
  s.engine, s."break", s.battery, s.reg_date
FROM (
  SELECT "reg_date", "car_number", "tire_fl", "tire_fr", "tire_bl", "tire_br", "light_fl", "light_fr", "light_bl", "light_br", "engine", "break", "battery"
  FROM (
    SELECT "reg_date", "car_number", "tire_fl", "tire_fr", "tire_bl", "tire_br", "light_fl", "light_fr", "light_bl", "light_br", "engine", "break", "battery", ROW_NUMBER() OVER (PARTITION BY "reg_date", "car_number" ORDER BY "tire_fl" DESC, "tire_fr" DESC, "tire_bl" DESC, "tire_br" DESC, "light_fl" DESC, "light_fr" DESC, "light_bl" DESC, "light_br" DESC, "engine" DESC, "break" DESC, "battery" DESC) AS row_rank
    FROM "smartcar_status_info"
    WHERE wrk_date = '${biz_date}'
  ) ranked
  WHERE row_rank = 1
) s
JOIN "smartcar_master_over18" m ON m.car_number = s.car_number
) TO 'warehouse/managed_smartcar_status_info/biz_date=${biz_date}/managed_smartcar_status_info.parquet' (FORMAT parquet, COMPRESSION zstd);
