/*
 * huge_array.c
 *	  Memory of any size, over 1 GB too, for what is read here and there.
 *
 * A hash table or a sort of many megabytes touches a page of 4 kB and then
 * another: most accesses miss the processor's table of pages as well as its
 * cache, and each first touch is a fault.  So the kernel is asked for pages of
 * 2 MB; where it has none, or is told to give none, nothing changes.
 */
#include "crmcost.h"

#include <sys/mman.h>

#include "state/huge_array.h"
#include "storage/shmem.h"
#include "utils/memutils.h"

#define HUGE_PAGES_FROM ((Size) 4 * 1024 * 1024)
#define SMALL_PAGE 4096

static void
AskForHugePages(char *memory, Size size)
{
#ifdef MADV_HUGEPAGE
	char	   *first = (char *) TYPEALIGN(SMALL_PAGE, memory);

	if (size >= HUGE_PAGES_FROM)
		(void) madvise(first, memory + size - first, MADV_HUGEPAGE);
#endif
}

void *
HugeAlloc(MemoryContext context, Size size)
{
	char	   *memory = MemoryContextAllocHuge(context, size);

	AskForHugePages(memory, size);
	return memory;
}

void *
HugeArray(MemoryContext context, Size count, Size size)
{
	return HugeAlloc(context, Max(mul_size(count, size), 1));
}

/* The same memory with another size; what is large moves uncopied. */
void *
HugeResize(void *memory, Size size)
{
	char	   *moved = repalloc_huge(memory, size);

	AskForHugePages(moved, size);
	return moved;
}

/*
 * Memory of at least so many elements: what there is, or where they do not
 * fit, twice as many.
 */
void *
HugeRoom(MemoryContext context, void *memory, int32 *room, int64 count,
		 Size size)
{
	const int64 most = PG_INT32_MAX / 2;

	if (likely(count <= *room))
		return memory;
	if (count > most)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("more than %lld elements do not fit one value",
						(long long) most)));
	*room = Max(Max(count, 8), Min(2 * (int64) *room, most));
	if (memory == NULL)
		return HugeArray(context, *room, size);
	return HugeResize(memory, mul_size(*room, size));
}
