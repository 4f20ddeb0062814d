/* The few string functions a freestanding kernel needs; the compiler may also call memcpy and
 * memset by itself. */
#pragma once

#include <stddef.h>

/** Set @p size bytes at @p destination to @p byte. @return @p destination */
void *memset(void *destination, int byte, size_t size);

/** Copy @p size bytes from @p source to @p destination, which do not overlap. @return @p destination */
void *memcpy(void *restrict destination, const void *restrict source, size_t size);

/** Compare @p size bytes. @return less than, equal to or more than 0, as @p left comes before, equals or comes behind @p right */
int memcmp(const void *left, const void *right, size_t size);

/** How many bytes @p text has before its end. */
size_t strlen(const char *text);

/** Compare two strings. @return as memcmp() for @p left and @p right */
int strcmp(const char *left, const char *right);

/** Compare two strings, at most @p size bytes. @return as memcmp() for @p left and @p right */
int strncmp(const char *left, const char *right, size_t size);
