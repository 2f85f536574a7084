CREATE VIEW IF NOT EXISTS `smartcar_master_over18` (
  `car_number` COMMENT 'one capital letter and four digits',
  `sex` COMMENT 'sex of the owner, in Korean',
  `age` COMMENT 'age of the owner, years',
  `marriage` COMMENT 'married or single, in Korean',
  `region` COMMENT 'one of the 17 regions, in Korean',
  `job` COMMENT 'occupation of the owner, in Korean, an open list',
  `car_capacity` COMMENT 'engine capacity, cc',
  `car_year` COMMENT 'model year',
  `car_model` COMMENT 'A to H'
) AS
SELECT
  m.car_number, m.sex, m.age, m.marriage, m.region, m.job, m.car_capacity, m.car_year, m.car_model
FROM `smartcar_master` m
WHERE m.age >= 18;

ALTER VIEW `smartcar_master_over18` (
  `car_number` COMMENT 'one capital letter and four digits',
  `sex` COMMENT 'sex of the owner, in Korean',
  `age` COMMENT 'age of the owner, years',
  `marriage` COMMENT 'married or single, in Korean',
  `region` COMMENT 'one of the 17 regions, in Korean',
  `job` COMMENT 'occupation of the owner, in Korean, an open list',
  `car_capacity` COMMENT 'engine capacity, cc',
  `car_year` COMMENT 'model year',
  `car_model` COMMENT 'A to H'
) AS
SELECT
  m.car_number, m.sex, m.age, m.marriage, m.region, m.job, m.car_capacity, m.car_year, m.car_model
FROM `smartcar_master` m
WHERE m.age >= 18;
