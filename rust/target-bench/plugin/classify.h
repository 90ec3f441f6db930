/* The kind of an Arm Thumb-2 instruction on a Cortex-M4F, for counting and for an estimate of cycles.
 *
 * Decodes as the ARMv7-M Architecture Reference Manual (DDI 0403E) does: A5.2 for 16-bit encodings, A5.3 for 32-bit
 * ones, A6 for the floating-point extension. `cargo xtask bench --check-plugin` compares it, instruction by
 * instruction, with the names that a disassembler gives.
 */
#ifndef HONE_CLASSIFY_H
#define HONE_CLASSIFY_H

#include <stdint.h>

enum kind {
    ALU,           /* integer arithmetic, logic, moves, IT, DSP without multiplication */
    MUL,           /* integer multiply and multiply-accumulate, 32 and 64 bits, single and dual; USAD8 */
    DIV,           /* SDIV, UDIV */
    LOAD,          /* one LDR */
    STORE,         /* one STR */
    LOAD_MANY,     /* LDM, POP, LDRD */
    STORE_MANY,    /* STM, PUSH, STRD */
    BRANCH,        /* B, BL, BX, BLX, CBZ, CBNZ, TBB, TBH, moves to PC */
    FP,            /* VADD, VSUB, VMUL, VCMP, VCVT, VABS, VNEG, VMOV, VMRS */
    FP_MAC,        /* VMLA, VMLS, VNMLA, VNMLS, VFMA, VFMS, VFNMA, VFNMS */
    FP_DIV,        /* VDIV, VSQRT */
    FP_LOAD,       /* VLDR */
    FP_STORE,      /* VSTR */
    FP_LOAD_MANY,  /* VLDM, VPOP */
    FP_STORE_MANY, /* VSTM, VPUSH */
    OTHER,         /* barriers, system registers, hints other than NOP, SVC, BKPT */
    KINDS
};

static const char *const kind_names[KINDS] = {
    "alu", "mul",    "div",    "load",    "store",    "load_many",    "store_many",    "branch",
    "fp",  "fp_mac", "fp_div", "fp_load", "fp_store", "fp_load_many", "fp_store_many", "other"};

/* What an instruction is; `words` is the number of words that a load or store of several moves, and `writes_pc`
 * says that a load branches. */
struct class {
    enum kind kind;
    unsigned words;
    int writes_pc;
};

static struct class classify_16(uint16_t h)
{
    struct class c = {ALU, 0, 0};
    unsigned top = h >> 12;
    if ((h & 0xffc0) == 0x4340) { /* MULS */
        c.kind = MUL;
    } else if ((h & 0xff00) == 0x4700) { /* BX, BLX */
        c.kind = BRANCH;
    } else if ((h & 0xff00) == 0x4400 || (h & 0xff00) == 0x4600) { /* ADD, MOV of high registers, also to PC */
        unsigned rd = (h & 7) | (h >> 4 & 8);
        c.kind = rd == 15 ? BRANCH : ALU;
    } else if ((h & 0xf800) == 0x4800) { /* LDR literal */
        c.kind = LOAD;
    } else if (top == 5) { /* register offset: opcodes 0-2 store, the others load */
        c.kind = (h >> 9 & 7) <= 2 ? STORE : LOAD;
    } else if (top >= 6 && top <= 9) { /* immediate or SP offset: bit 11 is L */
        c.kind = h >> 11 & 1 ? LOAD : STORE;
    } else if ((h & 0xfe00) == 0xb400) { /* PUSH */
        c.kind = STORE_MANY;
        c.words = __builtin_popcount(h & 0x1ff);
    } else if ((h & 0xfe00) == 0xbc00) { /* POP */
        c.kind = LOAD_MANY;
        c.words = __builtin_popcount(h & 0x1ff);
        c.writes_pc = h >> 8 & 1;
    } else if ((h & 0xf500) == 0xb100) { /* CBZ, CBNZ */
        c.kind = BRANCH;
    } else if ((h & 0xff00) == 0xbf00) { /* IT; NOP and the other hints have no mask */
        c.kind = (h & 0xf) || h == 0xbf00 ? ALU : OTHER;
    } else if ((h & 0xff00) == 0xbe00 || (h & 0xffe8) == 0xb660) { /* BKPT, CPS */
        c.kind = OTHER;
    } else if (top == 12) { /* STM, LDM */
        c.kind = h >> 11 & 1 ? LOAD_MANY : STORE_MANY;
        c.words = __builtin_popcount(h & 0xff);
    } else if (top == 13) { /* B conditional; UDF, SVC */
        c.kind = (h >> 8 & 0xf) >= 14 ? OTHER : BRANCH;
    } else if ((h & 0xf800) == 0xe000) { /* B */
        c.kind = BRANCH;
    }
    return c;
}

/* Coprocessor space with coprocessors 10 and 11: the floating-point extension (A6). */
static struct class classify_fp(uint16_t a, uint16_t b)
{
    struct class c = {FP, 0, 0};
    if ((a & 0xef00) == 0xee00) {
        unsigned opc1 = a >> 4 & 0xb; /* bits 23, 21, 20; bit 22 is a register's */
        unsigned opc2 = a & 0xf;
        if (b & 0x10) { /* transfers between a core register and the FPU */
            return c;
        }
        if (opc1 == 0 || opc1 == 1 || opc1 == 9 || opc1 == 10) { /* VMLA/S, VNMLA/S, VFNMA/S, VFMA/S */
            c.kind = FP_MAC;
        } else if (opc1 == 8 || (opc1 == 11 && opc2 == 1 && (b & 0xc0) == 0xc0)) { /* VDIV, VSQRT */
            c.kind = FP_DIV;
        }
        return c;
    }
    if ((a & 0xffe0) == 0xec40) { /* two core registers to or from the FPU */
        return c;
    }
    unsigned load = a >> 4 & 1;
    if ((a & 0xff20) == 0xed00) { /* P=1, W=0: VLDR, VSTR */
        c.kind = load ? FP_LOAD : FP_STORE;
    } else {
        c.kind = load ? FP_LOAD_MANY : FP_STORE_MANY;
        c.words = b & 0xff;
    }
    return c;
}

static struct class classify_32(uint16_t a, uint16_t b)
{
    struct class c = {ALU, 0, 0};
    if ((a & 0xec00) == 0xec00) { /* coprocessors */
        unsigned coprocessor = b >> 8 & 0xf;
        if (coprocessor == 10 || coprocessor == 11) {
            return classify_fp(a, b);
        }
        c.kind = OTHER;
    } else if ((a & 0xfe40) == 0xe800) { /* LDM, STM */
        c.kind = a >> 4 & 1 ? LOAD_MANY : STORE_MANY;
        c.words = __builtin_popcount(b);
        c.writes_pc = (a >> 4 & 1) && (b >> 15);
    } else if ((a & 0xfe40) == 0xe840) { /* LDRD, STRD, exclusives, table branches */
        if (a & 0x0120) { /* P or W */
            c.kind = a >> 4 & 1 ? LOAD_MANY : STORE_MANY;
            c.words = 2;
        } else if ((a & 0x00f0) == 0x00d0 && (b & 0xe0) == 0) { /* TBB, TBH */
            c.kind = BRANCH;
        } else {
            c.kind = a >> 4 & 1 ? LOAD : STORE;
        }
    } else if ((a & 0xf800) == 0xf000 && (b & 0x8000)) { /* branches and miscellaneous control */
        if ((b & 0x5000) || (a & 0x0380) != 0x0380) { /* BL, B without condition; B conditional */
            c.kind = BRANCH;
        } else { /* MSR, MRS, barriers, hints; NOP.W is as good as arithmetic */
            c.kind = a == 0xf3af && b == 0x8000 ? ALU : OTHER;
        }
    } else if ((a & 0xfe00) == 0xf800) { /* single loads and stores; PLD counts as a load */
        c.kind = a >> 4 & 1 ? LOAD : STORE;
        c.writes_pc = (a & 0x70) == 0x50 && (b >> 12) == 15;
    } else if ((a & 0xff80) == 0xfb00) { /* 32-bit multiplies */
        c.kind = MUL;
    } else if ((a & 0xff80) == 0xfb80) { /* 64-bit multiplies and divides */
        c.kind = (a & 0xd0) == 0x90 && (b & 0xf0) == 0xf0 ? DIV : MUL;
    }
    return c;
}

#endif
