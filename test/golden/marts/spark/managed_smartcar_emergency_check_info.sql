CREATE TABLE IF NOT EXISTS `managed_smartcar_emergency_check_info` (
  `car_number` STRING COMMENT 'one capital letter and four digits',
  `tire_check` STRING COMMENT 'Tire Check: the average of a tire is under 80',
  `light_check` STRING COMMENT 'Light Check: a light was 2',
  `engine_check` STRING COMMENT 'Engine Check: the engine was C',
  `break_check` STRING COMMENT 'Brake Check: the brake was C',
  `battery_check` STRING COMMENT 'Battery Check: the average of the battery is under 30'
)
COMMENT 'cars that need a check after the day, NULL where a part needs none'
PARTITIONED BY (`biz_date` STRING COMMENT 'day of the rows')
STORED AS PARQUET;

INSERT OVERWRITE TABLE `managed_smartcar_emergency_check_info` PARTITION (`biz_date` = '${biz_date}')
SELECT car_number, tire_check, light_check, engine_check, break_check, battery_check
FROM (
  SELECT
    car_number,
    CASE WHEN AVG(tire_fl) < 80 OR AVG(tire_fr) < 80 OR AVG(tire_bl) < 80 OR AVG(tire_br) < 80 THEN 'Tire Check' END AS tire_check,
    CASE WHEN SUM(CASE WHEN light_fl = 2 OR light_fr = 2 OR light_bl = 2 OR light_br = 2 THEN 1 ELSE 0 END) > 0 THEN 'Light Check' END AS light_check,
    CASE WHEN SUM(CASE WHEN engine = 'C' THEN 1 ELSE 0 END) > 0 THEN 'Engine Check' END AS engine_check,
    CASE WHEN SUM(CASE WHEN `break` = 'C' THEN 1 ELSE 0 END) > 0 THEN 'Brake Check' END AS break_check,
    CASE WHEN AVG(battery) < 30 THEN 'Battery Check' END AS battery_check
  FROM `managed_smartcar_status_info`
  WHERE biz_date = '${biz_date}'
  GROUP BY car_number
) checked
WHERE tire_check IS NOT NULL OR light_check IS NOT NULL OR engine_check IS NOT NULL
  OR break_check IS NOT NULL OR battery_check IS NOT NULL;
