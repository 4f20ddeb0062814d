/* String functions as ISO C 7.24 defines them. Memory functions go by words where they can: they
 * clear and copy pages. */
#include <hv8/string.h>
#include <hv8/types.h>

void *memset(void *destination, int byte, size_t size)
{
	u8 *to = destination;

	if (((u64)to | size) % 8 == 0) {
		u64 word = 0x0101010101010101UL * (u8)byte;

		for (; size; size -= 8, to += 8)
			*(volatile u64 *)to = word;
		return destination;
	}
	while (size--)
		*(volatile u8 *)to++ = (u8)byte;
	return destination;
}

void *memcpy(void *restrict destination, const void *restrict source, size_t size)
{
	u8 *to = destination;
	const u8 *from = source;

	if (((u64)to | (u64)from | size) % 8 == 0) {
		for (; size; size -= 8, to += 8, from += 8)
			*(volatile u64 *)to = *(const u64 *)from;
		return destination;
	}
	while (size--)
		*(volatile u8 *)to++ = *from++;
	return destination;
}

int memcmp(const void *left, const void *right, size_t size)
{
	const u8 *a = left, *b = right;

	for (; size; size--, a++, b++)
		if (*a != *b)
			return *a - *b;
	return 0;
}

size_t strlen(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	return length;
}

int strcmp(const char *left, const char *right)
{
	return strncmp(left, right, (size_t)-1);
}

int strncmp(const char *left, const char *right, size_t size)
{
	for (; size && *left == *right; size--, left++, right++)
		if (*left == '\0')
			return 0;
	return size ? (u8)*left - (u8)*right : 0;
}
