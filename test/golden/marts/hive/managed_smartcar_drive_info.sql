CREATE TABLE IF NOT EXISTS `managed_smartcar_drive_info` (
  `car_number` STRING COMMENT 'one capital letter and four digits',
  `sex` STRING COMMENT 'sex of the owner, in Korean',
  `age` INT COMMENT 'age of the owner, years',
  `marriage` STRING COMMENT 'married or single, in Korean',
  `region` STRING COMMENT 'one of the 17 regions, in Korean',
  `job` STRING COMMENT 'occupation of the owner, in Korean, an open list',
  `car_capacity` INT COMMENT 'engine capacity, cc',
  `car_year` INT COMMENT 'model year',
  `car_model` STRING COMMENT 'A to H',
  `speed_pedal` INT COMMENT 'accelerator, 0 to 5',
  `break_pedal` INT COMMENT 'brake, 0 to 3',
  `steer_angle` STRING COMMENT 'F straight, L1 to L3 left, R1 to R3 right',
  `direct_light` STRING COMMENT 'direction light: N none, L left, R right',
  `speed` INT COMMENT 'km/h, 0 to 250',
  `area_number` STRING COMMENT 'A01 to F10',
  `reg_date` STRING COMMENT 'time of the row, yyyyMMddHHmmss, 240000 ends its day'
)
COMMENT 'driving of every car whose owner is 18 or older, with its owner'
PARTITIONED BY (`biz_date` STRING COMMENT 'first eight characters of reg_date')
STORED AS PARQUET;

INSERT OVERWRITE TABLE `managed_smartcar_drive_info` PARTITION (`biz_date` = '${biz_date}')
SELECT
  m.car_number, m.sex, m.age, m.marriage, m.region, m.job, m.car_capacity, m.car_year, m.car_model,
  d.speed_pedal, d.break_pedal, d.steer_angle, d.direct_light, d.speed, d.area_number, d.r_date AS reg_date
FROM (
  SELECT `r_date`, `car_number`, `speed_pedal`, `break_pedal`, `steer_angle`, `direct_light`, `speed`, `area_number`
  FROM (
    SELECT `r_date`, `car_number`, `speed_pedal`, `break_pedal`, `steer_angle`, `direct_light`, `speed`, `area_number`, ROW_NUMBER() OVER (PARTITION BY `r_date`, `car_number` ORDER BY `speed_pedal` DESC, `break_pedal` DESC, `steer_angle` DESC, `direct_light` DESC, `speed` DESC, `area_number` DESC) AS row_rank
    FROM `smartcar_drive_info_2`
    WHERE wrk_date = '${biz_date}'
  ) ranked
  WHERE row_rank = 1
) d
JOIN `smartcar_master_over18` m ON m.car_number = d.car_number;
