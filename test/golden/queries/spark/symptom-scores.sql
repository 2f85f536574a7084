SELECT car_number, speed_p_avg, speed_p_score, break_p_avg, break_p_score, steer_a_cnt, biz_date
FROM (
  SELECT car_number, biz_date, steer_a_cnt,
    CAST(round(CAST(s.speed_p_avg AS DECIMAL(18, 9)), 4) AS DOUBLE) AS speed_p_avg,
    CAST(round(CAST(s.speed_p_score AS DECIMAL(18, 9)), 2) AS DOUBLE) AS speed_p_score,
    CAST(round(CAST(s.break_p_avg AS DECIMAL(18, 9)), 4) AS DOUBLE) AS break_p_avg,
    CAST(round(CAST(s.break_p_score AS DECIMAL(18, 9)), 2) AS DOUBLE) AS break_p_score
  FROM smartcar_symptom_scores s
) scores
CROSS JOIN (SELECT max(biz_date) AS newest FROM managed_smartcar_drive_info) days
WHERE biz_date = coalesce(CAST(NULL AS STRING), newest)
ORDER BY CASE WHEN abs(speed_p_score) >= abs(break_p_score) OR break_p_score IS NULL THEN abs(speed_p_score)
  ELSE abs(break_p_score) END DESC NULLS LAST, car_number
