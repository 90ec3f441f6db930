/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helper functions that compilers call by name (Run-time ABI for the Arm Architecture, 4.3.4 and 4.1.2). The ones here are
 * Zephyr's C library by another name, and a conversion in whole numbers; those that would be linked else, of Rust's
 * compiler_builtins and of libgcc, take 3.5 KB more: copies unrolled for speed, and all of double precision's arithmetic.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

void __aeabi_memcpy(void *to, const void *from, size_t n)
{
	(void)memcpy(to, from, n);
}

void __aeabi_memmove(void *to, const void *from, size_t n)
{
	(void)memmove(to, from, n);
}

/* The last two arguments are the other way round than memset's. */
void __aeabi_memset(void *to, size_t n, int byte)
{
	(void)memset(to, byte, n);
}

void __aeabi_memclr(void *to, size_t n)
{
	(void)memset(to, 0, n);
}

/* As above for what lies at multiples of 4 and of 8. */
void __aeabi_memcpy4(void *to, const void *from, size_t n) __attribute__((alias("__aeabi_memcpy")));
void __aeabi_memcpy8(void *to, const void *from, size_t n) __attribute__((alias("__aeabi_memcpy")));
void __aeabi_memmove4(void *to, const void *from, size_t n) __attribute__((alias("__aeabi_memmove")));
void __aeabi_memmove8(void *to, const void *from, size_t n) __attribute__((alias("__aeabi_memmove")));
void __aeabi_memset4(void *to, size_t n, int byte) __attribute__((alias("__aeabi_memset")));
void __aeabi_memset8(void *to, size_t n, int byte) __attribute__((alias("__aeabi_memset")));
void __aeabi_memclr4(void *to, size_t n) __attribute__((alias("__aeabi_memclr")));
void __aeabi_memclr8(void *to, size_t n) __attribute__((alias("__aeabi_memclr")));

/* A float's whole part, towards zero. What is beyond the range becomes the nearest number in it, and NaN 0. */
int64_t __aeabi_f2lz(float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));

	int exponent = (int)((bits >> 23) & 0xff) - 127;
	uint64_t magnitude = (bits & 0x7fffff) | 0x800000;
	int negative = (bits >> 31) != 0;

	if (exponent < 0) {
		return 0;
	}
	if (exponent >= 63) {
		if (exponent == 128 && magnitude != 0x800000) {
			return 0;
		}
		return negative ? INT64_MIN : INT64_MAX;
	}
	magnitude = exponent >= 23 ? magnitude << (exponent - 23) : magnitude >> (23 - exponent);
	return negative ? -(int64_t)magnitude : (int64_t)magnitude;
}
