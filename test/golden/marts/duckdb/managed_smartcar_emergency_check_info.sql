CREATE OR REPLACE VIEW "managed_smartcar_emergency_check_info" AS
SELECT "car_number", "tire_check", "light_check", "engine_check", "break_check", "battery_check", "biz_date"
FROM read_parquet(['warehouse/managed_smartcar_emergency_check_info/biz_date=*/managed_smartcar_emergency_check_info.parquet'], hive_partitioning = true, hive_types = {'biz_date': 'VARCHAR'});

COPY (
SELECT car_number, tire_check, light_check, engine_check, break_check, battery_check
FROM (
  SELECT
    car_number,
    CASE WHEN AVG(tire_fl) < 80 OR AVG(tire_fr) < 80 OR AVG(tire_bl) < 80 OR AVG(tire_br) < 80 THEN 'Tire Check' END AS tire_check,
    CASE WHEN SUM(CASE WHEN light_fl = 2 OR light_fr = 2 OR light_bl = 2 OR light_br = 2 THEN 1 ELSE 0 END) > 0 THEN 'Light Check' END AS light_check,
    CASE WHEN SUM(CASE WHEN engine = 'C' THEN 1 ELSE 0 END) > 0 THEN 'Engine Check' END AS engine_check,
    CASE WHEN SUM(CASE WHEN "break" = 'C' THEN 1 ELSE 0 END) > 0 THEN 'Brake Check' END AS break_check,
    CASE WHEN AVG(battery) < 30 THEN 'Battery Check' END AS battery_check
  FROM "managed_smartcar_status_info"
  WHERE biz_date = '${biz_date}'
  GROUP BY car_number
) checked
WHERE tire_check IS NOT NULL OR light_check IS NOT NULL OR engine_check IS NOT NULL
  OR break_check IS NOT NULL OR battery_check IS NOT NULL
) TO 'warehouse/managed_smartcar_emergency_check_info/biz_date=${biz_date}/managed_smartcar_emergency_check_info.parquet' (FORMAT parquet, COMPRESSION zstd);
