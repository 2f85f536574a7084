CREATE OR REPLACE VIEW "managed_smartcar_drive_info" AS
SELECT "car_number", "sex", "age", "marriage", "region", "job", "car_capacity", "car_year", "car_model", "speed_pedal", "break_pedal", "steer_angle", "direct_light", "speed", "area_number", "reg_date", "biz_date"
FROM read_parquet(['warehouse/managed_smartcar_drive_info/biz_date=*/managed_smartcar_drive_info.parquet'], hive_partitioning = true, hive_types = {'biz_date': 'VARCHAR'});

COPY (
SELECT
  m.car_number, m.sex, m.age, m.marriage, m.region, m.job, m.car_capacity, m.car_year, m.car_model,
  d.speed_pedal, d.break_pedal, d.steer_angle, d.direct_light, d.speed, d.area_number, d.r_date AS reg_date
FROM (
  SELECT "r_date", "car_number", "speed_pedal", "break_pedal", "steer_angle", "direct_light", "speed", "area_number"
  FROM (
    SELECT "r_date", "car_number", "speed_pedal", "break_pedal", "steer_angle", "direct_light", "speed", "area_number", ROW_NUMBER() OVER (PARTITION BY "r_date", "car_number" ORDER BY "speed_pedal" DESC, "break_pedal" DESC, "steer_angle" DESC, "direct_light" DESC, "speed" DESC, "area_number" DESC) AS row_rank
    FROM "smartcar_drive_info_2"
    WHERE wrk_date = '${biz_date}'
  ) ranked
  WHERE row_rank = 1
) d
JOIN "smartcar_master_over18" m ON m.car_number = d.car_number
) TO 'warehouse/managed_smartcar_drive_info/biz_date=${biz_date}/managed_smartcar_drive_info.parquet' (FORMAT parquet, COMPRESSION zstd);
