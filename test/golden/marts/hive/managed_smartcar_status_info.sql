CREATE TABLE IF NOT EXISTS `managed_smartcar_status_info` (
  `car_number` STRING COMMENT 'one capital letter and four digits',
  `sex` STRING COMMENT 'sex of the owner, in Korean',
  `age` INT COMMENT 'age of the owner, years',
  `marriage` STRING COMMENT 'married or single, in Korean',
  `region` STRING COMMENT 'one of the 17 regions, in Korean',
  `job` STRING COMMENT 'occupation of the owner, in Korean, an open list',
  `car_capacity` INT COMMENT 'engine capacity, cc',
  `car_year` INT COMMENT 'model year',
  `car_model` STRING COMMENT 'A to H',
  `tire_fl` INT COMMENT 'tire, 0 to 100, under 70 is worn',
  `tire_fr` INT COMMENT 'tire, 0 to 100, under 70 is worn',
  `tire_bl` INT COMMENT 'tire, 0 to 100, under 70 is worn',
  `tire_br` INT COMMENT 'tire, 0 to 100, under 70 is worn',
  `light_fl` INT COMMENT 'light, 1 good, 2 broken',
  `light_fr` INT COMMENT 'light, 1 good, 2 broken',
  `light_bl` INT COMMENT 'light, 1 good, 2 broken',
  `light_br` INT COMMENT 'light, 1 good, 2 broken',
  `engine` STRING COMMENT 'engine, A good to C worst',
  `break` STRING COMMENT 'brake, A good to C worst',
  `battery` INT COMMENT 'battery charge, 0 to 100',
  `reg_date` STRING COMMENT 'time of the row, yyyyMMddHHmmss, 240000 ends its day'
)
COMMENT 'state of every car whose owner is 18 or older, with its owner'
PARTITIONED BY (`biz_date` STRING COMMENT 'first eight characters of reg_date')
STORED AS PARQUET;

INSERT OVERWRITE TABLE `managed_smartcar_status_info` PARTITION (`biz_date` = '${biz_date}')
SELECT
  m.car_number, m.sex, m.age, m.marriage, m.region, m.job, m.car_capacity, m.car_year, m.car_model,
  s.tire_fl, s.tire_fr, s.tire_bl, s.tire_br, s.light_fl, s.light_fr, s.light_bl, s.light_br,
  s.engine, s.`break`, s.battery, s.reg_date
FROM (
  SELECT `reg_date`, `car_number`, `tire_fl`, `tire_fr`, `tire_bl`, `tire_br`, `light_fl`, `light_fr`, `light_bl`, `light_br`, `engine`, `break`, `battery`
  FROM (
    SELECT `reg_date`, `car_number`, `tire_fl`, `tire_fr`, `tire_bl`, `tire_br`, `light_fl`, `light_fr`, `light_bl`, `light_br`, `engine`, `break`, `battery`, ROW_NUMBER() OVER (PARTITION BY `reg_date`, `car_number` ORDER BY `tire_fl` DESC, `tire_fr` DESC, `tire_bl` DESC, `tire_br` DESC, `light_fl` DESC, `light_fr` DESC, `light_bl` DESC, `light_br` DESC, `engine` DESC, `break` DESC, `battery` DESC) AS row_rank
    FROM `smartcar_status_info`
    WHERE wrk_date = '${biz_date}'
  ) ranked
  WHERE row_rank = 1
) s
JOIN `smartcar_master_over18` m ON m.car_number = s.car_number;
