SELECT biz_date, car_number, reg_date, battery, sex, age, region, car_model, car_year
FROM managed_smartcar_status_info
WHERE battery < 60 AND (CAST(NULL AS STRING) IS NULL OR biz_date = CAST(NULL AS STRING))
ORDER BY biz_date, car_number, reg_date
