/* The few string functions a freestanding kernel needs; the compiler may also call memcpy and
 * memset by itself. */
#pragma once

#include <stddef.h>

void *memset(void *destination, int byte, size_t size);
void *memcpy(void *restrict destination, const void *restrict source, size_t size);
int memcmp(const void *left, const void *right, size_t size);
size_t strlen(const char *text);
int strcmp(const char *left, const char *right);
int strncmp(const char *left, const char *right, size_t size);
