SELECT car_number, count(*) AS windows, CAST(round(CAST(avg(avg_speed) AS DECIMAL(18, 9)), 1) AS DOUBLE) AS mean_speed,
  CAST(round(CAST(max(avg_speed) AS DECIMAL(18, 9)), 1) AS DOUBLE) AS highest_speed,
  min(window_start) AS first_window, max(window_start) AS last_window
FROM speeding_alerts
WHERE CAST(NULL AS STRING) IS NULL OR day = CAST(NULL AS STRING)
GROUP BY car_number
ORDER BY windows DESC, car_number
