CREATE EXTERNAL TABLE IF NOT EXISTS `smartcar_status_info` (
  `reg_date` STRING COMMENT 'time of the row, yyyyMMddHHmmss, 240000 ends its day',
  `car_number` STRING COMMENT 'one capital letter and four digits',
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
  `battery` INT COMMENT 'battery charge, 0 to 100'
)
COMMENT 'state of every car, as collected from the batch logs'
PARTITIONED BY (`wrk_date` STRING COMMENT 'day of the row')
ROW FORMAT DELIMITED FIELDS TERMINATED BY ','
STORED AS TEXTFILE
LOCATION '/pilot-pjt/collect/car-batch-log';

ALTER TABLE `smartcar_status_info` ADD IF NOT EXISTS PARTITION (`wrk_date` = '${wrk_date}');
