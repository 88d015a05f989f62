/*
 * huge_array.h
 *	  Memory of any size, over 1 GB too, for what is read here and there.
 */
#ifndef HUGE_ARRAY_H
#define HUGE_ARRAY_H

extern void *HugeAlloc(MemoryContext context, Size size);
extern void *HugeArray(MemoryContext context, Size count, Size size);
extern void *HugeResize(void *memory, Size size);
extern void *HugeRoom(MemoryContext context, void *memory, int32 *room,
					  int64 count, Size size);

#endif							/* HUGE_ARRAY_H */
