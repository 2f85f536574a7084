SELECT car_number, speed_p_avg, speed_p_symptom, break_p_avg, break_p_symptom, steer_a_cnt, steer_p_symptom, biz_date
FROM managed_smartcar_symptom_info
CROSS JOIN (SELECT max(biz_date) AS newest FROM managed_smartcar_symptom_info) days
WHERE biz_date = coalesce(CAST(NULL AS STRING), newest)
  AND (NOT FALSE OR speed_p_symptom = 'abnormal' OR break_p_symptom = 'abnormal' OR steer_p_symptom = 'abnormal')
ORDER BY car_number
