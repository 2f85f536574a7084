-- how far each car drives from the fleet of its day, in standard deviations (z-scores; abnormal beyond 2)
-- @param day day = null | day of the rows, the newest when left out
SELECT car_number, round(speed_p_avg, 4) AS speed_p_avg, round(speed_p_score, 2) AS speed_p_score,
  round(break_p_avg, 4) AS break_p_avg, round(break_p_score, 2) AS break_p_score, steer_a_cnt, biz_date
FROM smartcar_symptom_scores
WHERE biz_date = coalesce($day, (SELECT max(biz_date) FROM smartcar_symptom_scores))
ORDER BY greatest(abs(speed_p_score), abs(break_p_score)) DESC NULLS LAST, car_number
