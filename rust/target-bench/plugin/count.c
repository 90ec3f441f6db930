/* QEMU TCG plugin (API version 1, QEMU 6.0 to 8.2): exact counts of executed instructions, by kind, between markers.
 *
 * The guest marks with `dbg #0` (start) and `dbg #1` (stop); the markers are not counted. Each stop writes one line
 * to the file of argument out=FILE: the number of the bracket, then KIND=COUNT for all kinds, words=N (moved by loads
 * and stores of several), taken=N (branches taken, returns by POP among them).
 * Argument kinds=FILE writes each instruction when it is translated: KIND, WORDS, disassembly.
 */
#include "classify.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The part of qemu-plugin.h that is used here, so that no QEMU sources are needed. */
typedef uint64_t qemu_plugin_id_t;
typedef struct qemu_info_t qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };
typedef void (*translated_cb)(qemu_plugin_id_t, struct qemu_plugin_tb *);
typedef void (*executed_cb)(unsigned int, void *);
typedef void (*exit_cb)(qemu_plugin_id_t, void *);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, translated_cb);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *, executed_cb, enum qemu_plugin_cb_flags, void *);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *, executed_cb, enum qemu_plugin_cb_flags, void *);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *, enum qemu_plugin_op, void *, uint64_t);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, exit_cb, void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
char *qemu_plugin_insn_disas(const struct qemu_plugin_insn *);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;

struct counts {
    uint64_t kind[KINDS];
    uint64_t words;
    uint64_t taken;
};

/* A translated block: where it starts, and where control is next if its last instruction does not branch. */
struct block {
    uint64_t start;
    uint64_t next;
    bool branches;
};

static struct counts now, at_start;
static const struct block *last_block;
static unsigned bracket;
static FILE *out;
static FILE *kinds;

static void start(unsigned int cpu, void *data)
{
    (void)cpu, (void)data;
    at_start = now;
}

static void stop(unsigned int cpu, void *data)
{
    (void)cpu, (void)data;
    fprintf(out, "%u", bracket++);
    for (int k = 0; k < KINDS; k++) {
        fprintf(out, " %s=%" PRIu64, kind_names[k], now.kind[k] - at_start.kind[k]);
    }
    fprintf(out, " words=%" PRIu64 " taken=%" PRIu64 "\n", now.words - at_start.words, now.taken - at_start.taken);
    fflush(out);
}

/* A branch was taken if the block that follows is not the one behind it. */
static void entered(unsigned int cpu, void *data)
{
    const struct block *block = data;
    (void)cpu;
    now.taken += last_block && last_block->branches && block->start != last_block->next;
    last_block = block;
}

static void add(struct qemu_plugin_insn *insn, uint64_t *counter, uint64_t amount)
{
    qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64, counter, amount);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    size_t n = qemu_plugin_tb_n_insns(tb);
    struct block *block = malloc(sizeof *block); /* QEMU may run the block until the end, so it is never freed */
    (void)id;
    if (!block) {
        abort();
    }
    block->start = block->next = qemu_plugin_tb_vaddr(tb);
    block->branches = false;
    for (size_t i = 0; i < n; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        const uint8_t *d = qemu_plugin_insn_data(insn);
        uint16_t a = d[0] | d[1] << 8;
        /* Not qemu_plugin_insn_size: looking ahead at a page's end, QEMU 7 adds the next instruction's bytes. */
        size_t size = a >> 11 >= 0x1d ? 4 : 2;
        uint16_t b = size == 4 ? d[2] | d[3] << 8 : 0;
        block->next += size;
        block->branches = false;
        if (size == 4 && a == 0xf3af && (b & 0xfffe) == 0x80f0) { /* DBG #0, DBG #1 */
            qemu_plugin_register_vcpu_insn_exec_cb(insn, b & 1 ? stop : start, QEMU_PLUGIN_CB_NO_REGS, NULL);
            continue;
        }
        struct class c = size == 4 ? classify_32(a, b) : classify_16(a);
        block->branches = c.kind == BRANCH || c.writes_pc;
        add(insn, &now.kind[c.kind], 1);
        if (c.words) {
            add(insn, &now.words, c.words);
        }
        if (kinds) {
            char *text = qemu_plugin_insn_disas(insn);
            fprintf(kinds, "%s %u %s\n", kind_names[c.kind], c.words, text ? text : "?");
            free(text);
        }
    }
    qemu_plugin_register_vcpu_tb_exec_cb(tb, entered, QEMU_PLUGIN_CB_NO_REGS, block);
}

static FILE *open_for(const char *name)
{
    FILE *file = fopen(name, "w");
    if (!file) {
        perror(name);
        exit(1);
    }
    return file;
}

static void finish(qemu_plugin_id_t id, void *data)
{
    (void)id, (void)data;
    fclose(out);
    if (kinds) {
        fclose(kinds);
    }
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (!strncmp(argv[i], "out=", 4)) {
            out = open_for(argv[i] + 4);
        } else if (!strncmp(argv[i], "kinds=", 6)) {
            kinds = open_for(argv[i] + 6);
        }
    }
    if (!out) {
        fprintf(stderr, "count: argument out=FILE is missing\n");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, finish, NULL);
    return 0;
}
