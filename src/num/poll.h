/*
 * poll.h
 *	  How long loops let a cancel be answered.
 */
#ifndef NUM_POLL_H
#define NUM_POLL_H

/* called now and then by long loops */
typedef void (*num_poll) (void);

/* how many elements are worked on between two polls */
#define NUM_POLL_EVERY 65536

#endif							/* NUM_POLL_H */
