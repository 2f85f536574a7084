CREATE EXTERNAL TABLE IF NOT EXISTS `smartcar_drive_info_2` (
  `r_date` STRING COMMENT 'time of the row, yyyyMMddHHmmss, 240000 ends its day',
  `car_number` STRING COMMENT 'one capital letter and four digits',
  `speed_pedal` INT COMMENT 'accelerator, 0 to 5',
  `break_pedal` INT COMMENT 'brake, 0 to 3',
  `steer_angle` STRING COMMENT 'F straight, L1 to L3 left, R1 to R3 right',
  `direct_light` STRING COMMENT 'direction light: N none, L left, R right',
  `speed` INT COMMENT 'km/h, 0 to 250',
  `area_number` STRING COMMENT 'A01 to F10'
)
COMMENT 'driving of every car, as collected from the real-time logs'
PARTITIONED BY (`wrk_date` STRING COMMENT 'day of the row')
ROW FORMAT DELIMITED FIELDS TERMINATED BY ','
STORED AS TEXTFILE
LOCATION '/pilot-pjt/collect/drive-log';

ALTER TABLE `smartcar_drive_info_2` ADD IF NOT EXISTS PARTITION (`wrk_date` = '${wrk_date}');
