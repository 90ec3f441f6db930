/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What compilers call by themselves (ARM run-time ABI, 4.3.4 and 4.1.2). Copying and filling is a kilobyte smaller than
 * what Rust brings, and faster than the minimal libc's, which goes byte by byte; single words are taken from any address,
 * which ARMv7-M allows. The conversion takes the place of libgcc's, which goes by way of double precision: 1.5 KB for
 * the one of its kind in an accelerometer's driver. The linker keeps the first of each that it finds.
 */
#if defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB == 2
	.syntax unified

	.macro entry name
	.global \name
	.type \name, %function
	.thumb_func
\name:
	.endm

	.section .text.__aeabi_memcpy, "ax", %progbits
	entry __aeabi_memmove
	entry __aeabi_memmove4
	entry __aeabi_memmove8
	/* Upwards too, but to a higher address within reach. */
	subs r3, r0, r1
	cmp r3, r2
	bhs __aeabi_memcpy
	add r1, r2
	add r0, r2
1:	subs r2, #4
	itt hs
	ldrhs r3, [r1, #-4]!
	strhs r3, [r0, #-4]!
	bhs 1b
	adds r2, #4
2:	subs r2, #1
	itt hs
	ldrbhs r3, [r1, #-1]!
	strbhs r3, [r0, #-1]!
	bhs 2b
	bx lr

	entry __aeabi_memcpy
	entry __aeabi_memcpy4
	entry __aeabi_memcpy8
	push {r4, r5, r6, lr}
	/* Four words at a time between word addresses. */
	orr r3, r0, r1
	lsls r3, r3, #30
	bne 3f
	b 2f
1:	ldmia r1!, {r3, r4, r5, r6}
	stmia r0!, {r3, r4, r5, r6}
2:	subs r2, #16
	bhs 1b
	adds r2, #16
3:	subs r2, #4
	itt hs
	ldrhs r3, [r1], #4
	strhs r3, [r0], #4
	bhs 3b
	adds r2, #4
4:	subs r2, #1
	itt hs
	ldrbhs r3, [r1], #1
	strbhs r3, [r0], #1
	bhs 4b
	pop {r4, r5, r6, pc}

	/* As C has them: these give back where they wrote. */
	.section .text.memcpy, "ax", %progbits
	entry memcpy
	push {r0, lr}
	bl __aeabi_memcpy
	pop {r0, pc}

	.section .text.memmove, "ax", %progbits
	entry memmove
	push {r0, lr}
	bl __aeabi_memmove
	pop {r0, pc}

	.section .text.memset, "ax", %progbits
	entry memset
	push {r0, lr}
	mov r3, r1
	mov r1, r2
	mov r2, r3
	bl __aeabi_memset
	pop {r0, pc}

	.section .text.__aeabi_memset, "ax", %progbits
	entry __aeabi_memclr
	entry __aeabi_memclr4
	entry __aeabi_memclr8
	movs r2, #0
	entry __aeabi_memset
	entry __aeabi_memset4
	entry __aeabi_memset8
	uxtb r2, r2
	orr r2, r2, r2, lsl #8
	orr r2, r2, r2, lsl #16
1:	subs r1, #4
	it hs
	strhs r2, [r0], #4
	bhs 1b
	adds r1, #4
2:	subs r1, #1
	it hs
	strbhs r2, [r0], #1
	bhs 2b
	bx lr

	/* A float by its bits to a signed 64-bit integer, towards zero; saturates, also what is not a number. */
	.section .text.__aeabi_f2lz, "ax", %progbits
	entry __aeabi_f2lz
	mov r3, r0
	ubfx r2, r0, #23, #8
	ubfx r0, r0, #0, #23
	orr r0, r0, #0x800000
	movs r1, #0
	/* Where the lowest bit of the mantissa belongs. */
	subs r2, #150
	bge 1f
	rsbs r2, r2, #0
	lsrs r0, r2
	b 3f
1:	cmp r2, #40
	bge 2f
	subs r12, r2, #32
	it pl
	lslpl r1, r0, r12
	rsb r12, r2, #32
	it mi
	lsrmi r1, r0, r12
	lsls r0, r2
	b 3f
2:	mvn r0, #0
	mvn r1, #0x80000000
3:	cmp r3, #0
	itt mi
	rsbsmi r0, r0, #0
	sbcmi r1, r1, r1, lsl #1
	bx lr
#endif
