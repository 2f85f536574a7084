SELECT car_number, sex, age, marriage, region, job, car_capacity, car_year, car_model
FROM smartcar_master
WHERE age > 30 AND sex IN ('남', 'male')
ORDER BY car_number
