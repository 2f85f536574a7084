CREATE EXTERNAL TABLE IF NOT EXISTS `smartcar_drive_info` (
  `r_key` STRING COMMENT 'the time reversed, a hyphen, the car number',
  `r_date` STRING COMMENT 'time of the row, yyyyMMddHHmmss, 240000 ends its day',
  `car_number` STRING COMMENT 'one capital letter and four digits',
  `speed_pedal` INT COMMENT 'accelerator, 0 to 5',
  `break_pedal` INT COMMENT 'brake, 0 to 3',
  `steer_angle` STRING COMMENT 'F straight, L1 to L3 left, R1 to R3 right',
  `direct_light` STRING COMMENT 'direction light: N none, L left, R right',
  `speed` INT COMMENT 'km/h, 0 to 250',
  `area_number` STRING COMMENT 'A01 to F10'
)
COMMENT 'driving of every car by row key, as HBase keeps it'
STORED BY 'org.apache.hadoop.hive.hbase.HBaseStorageHandler'
WITH SERDEPROPERTIES ('hbase.columns.mapping' = ':key,cf1:date,cf1:car_number,cf1:speed_pedal,cf1:break_pedal,cf1:steer_angle,cf1:direct_light,cf1:speed,cf1:area_number')
TBLPROPERTIES ('hbase.table.name' = 'DriverCarInfo');
