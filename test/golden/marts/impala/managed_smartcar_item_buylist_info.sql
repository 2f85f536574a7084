CREATE TABLE IF NOT EXISTS `managed_smartcar_item_buylist_info` (
  `car_number` STRING COMMENT 'one capital letter and four digits',
  `sex` STRING COMMENT 'sex of the owner, in Korean',
  `age` INT COMMENT 'age of the owner, years',
  `marriage` STRING COMMENT 'married or single, in Korean',
  `region` STRING COMMENT 'one of the 17 regions, in Korean',
  `job` STRING COMMENT 'occupation of the owner, in Korean, an open list',
  `car_capacity` INT COMMENT 'engine capacity, cc',
  `car_year` INT COMMENT 'model year',
  `car_model` STRING COMMENT 'A to H',
  `item` STRING COMMENT 'Item-001 to Item-030',
  `score` INT COMMENT 'rating, 1 to 5'
)
PARTITIONED BY (`biz_month` STRING COMMENT 'month of the purchase')
COMMENT 'purchases of owners of 18 or older, with the owner'
STORED AS PARQUET;

INSERT OVERWRITE TABLE `managed_smartcar_item_buylist_info` PARTITION (`biz_month` = '${biz_month}')
SELECT
  m.car_number, m.sex, m.age, m.marriage, m.region, m.job, m.car_capacity, m.car_year, m.car_model,
  b.item, b.score
FROM `smartcar_item_buylist` b
JOIN `smartcar_master_over18` m ON m.car_number = b.car_number
WHERE b.`month` = '${biz_month}';

COMPUTE INCREMENTAL STATS `managed_smartcar_item_buylist_info` PARTITION (`biz_month` = '${biz_month}');
