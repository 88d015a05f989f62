INSERT INTO survey (code, metric, scale_from, scale_to, satisfied_from, dissatisfied_to, name, name_zh) VALUES
  ('csat', 'csat', 1, 5, 4, 2, 'Satisfaction', '客户满意度'),
  ('nps', 'nps', 0, 10, 9, 6, 'Recommendation', '推荐意愿'),
  ('ces', 'ces', 1, 7, 5, 3, 'Ease', '客户省力度');
