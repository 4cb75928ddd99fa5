/* Fails one call to the system, as a broken disk would: for tests, by LD_PRELOAD.

   The table in $FAULT_TABLE is shared by the build and its decoders. It holds which folders are
   watched, and which call is to fail with what: an errno, or a signal as a number below 0, which
   the process gets before the call is made. With `only`, just paths that hold it fail. Calls are
   counted by role, kind and place. The layout is that of `Table` in injection.py. */

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum role { BUILD, DECODER, ROLES };
enum kind { OPEN, PREAD, PWRITE, READ, WRITE, FSYNC, FDATASYNC, FTRUNCATE, RENAME, STAT, KINDS };
enum place { SOURCE, OUTPUT, LEDGER, PLACES, ELSEWHERE = -1 };

struct table {
    int32_t role, kind, place, error, lasting, hits;
    int64_t nth;
    uint64_t counts[ROLES][KINDS][PLACES];
    char source[1024], output[1024], only[1024];
};

static struct table *table;
static enum role role = BUILD;

__attribute__((constructor)) static void begin(void) {
    const char *name = getenv("FAULT_TABLE");
    int fd = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *shared = mmap(NULL, sizeof *table, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    char words[4096];
    ssize_t size = 0;
    fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        size = read(fd, words, sizeof words);
        close(fd);
    }
    if (size > 0 && memmem(words, size, "decoding.worker", 15)) role = DECODER;
    if (shared != MAP_FAILED) table = shared;
}

/* A decoder that was forked from the build calls it. */
void interposer_in_decoder(void) { role = DECODER; }

static int under(const char *path, const char *folder) {
    size_t size = strlen(folder);
    return size && !strncmp(path, folder, size) && (path[size] == '/' || !path[size]);
}

static enum place place_of(const char *path) {
    if (under(path, table->output)) {
        const char *rest = path + strlen(table->output);
        return strncmp(rest, "/.mmusset/ledger", 16) ? OUTPUT : LEDGER;
    }
    return under(path, table->source) ? SOURCE : ELSEWHERE;
}

#define LONGEST 8192

/* The path of an open file, with `below` in it, into `path`; 0 where it has none. */
static int path_of(int fd, const char *below, char *path) {
    char link[64];
    if (fd == AT_FDCWD) strcpy(link, "/proc/self/cwd");
    else snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, LONGEST / 2);
    if (size < 0) return 0;
    path[size] = 0;
    if (below) snprintf(path + size, LONGEST - size, "/%s", below);
    return 1;
}

/* Whether this call fails; errno is set if so. */
static int fails_at(enum kind kind, const char *path) {
    enum place place = place_of(path);
    if (place == ELSEWHERE || !strstr(path, table->only)) return 0;
    int64_t n = __atomic_fetch_add(&table->counts[role][kind][place], 1, __ATOMIC_SEQ_CST);
    if (!table->error || table->role != (int)role || table->kind != (int)kind) return 0;
    if (table->place != (int)place || (table->lasting ? n < table->nth : n != table->nth)) return 0;
    __atomic_fetch_add(&table->hits, 1, __ATOMIC_SEQ_CST);
    if (table->error < 0) return raise(-table->error) != 0;
    errno = table->error;
    return 1;
}

static int fails(enum kind kind, int fd) {
    int before = errno;
    char path[LONGEST];
    if (!table) return 0;
    if (path_of(fd, NULL, path) && fails_at(kind, path)) return 1;
    errno = before;
    return 0;
}

static int fails_path(enum kind kind, int folder, const char *path) {
    int before = errno;
    if (!table || !path) return 0;
    if (!*path && folder != AT_FDCWD) return 0; /* AT_EMPTY_PATH: what is open already */
    char whole[LONGEST];
    if (*path == '/') {
        if (fails_at(kind, path)) return 1;
    } else if (path_of(folder, path, whole) && fails_at(kind, whole)) {
        return 1;
    }
    errno = before;
    return 0;
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static mode_t mode_of(int flags, va_list rest) {
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0;
}

#define OPENER(name) \
    int name(const char *path, int flags, ...) { \
        REAL(name); \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = mode_of(flags, rest); \
        va_end(rest); \
        return fails_path(OPEN, AT_FDCWD, path) ? -1 : real(path, flags, mode); \
    }
#define OPENER_AT(name) \
    int name(int folder, const char *path, int flags, ...) { \
        REAL(name); \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = mode_of(flags, rest); \
        va_end(rest); \
        return fails_path(OPEN, folder, path) ? -1 : real(folder, path, flags, mode); \
    }
OPENER(open)
OPENER(open64)
OPENER_AT(openat)
OPENER_AT(openat64)

DIR *opendir(const char *path) {
    REAL(opendir);
    return fails_path(OPEN, AT_FDCWD, path) ? NULL : real(path);
}

ssize_t read(int fd, void *data, size_t size) {
    REAL(read);
    return fails(READ, fd) ? -1 : real(fd, data, size);
}

ssize_t write(int fd, const void *data, size_t size) {
    REAL(write);
    return fails(WRITE, fd) ? -1 : real(fd, data, size);
}

ssize_t pread(int fd, void *data, size_t size, off_t from) {
    REAL(pread);
    return fails(PREAD, fd) ? -1 : real(fd, data, size, from);
}

ssize_t pread64(int fd, void *data, size_t size, off64_t from) {
    REAL(pread64);
    return fails(PREAD, fd) ? -1 : real(fd, data, size, from);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t to) {
    REAL(pwrite);
    return fails(PWRITE, fd) ? -1 : real(fd, data, size, to);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t to) {
    REAL(pwrite64);
    return fails(PWRITE, fd) ? -1 : real(fd, data, size, to);
}

int fsync(int fd) {
    REAL(fsync);
    return fails(FSYNC, fd) ? -1 : real(fd);
}

int fdatasync(int fd) {
    REAL(fdatasync);
    return fails(FDATASYNC, fd) ? -1 : real(fd);
}

int ftruncate(int fd, off_t size) {
    REAL(ftruncate);
    return fails(FTRUNCATE, fd) ? -1 : real(fd, size);
}

int ftruncate64(int fd, off64_t size) {
    REAL(ftruncate64);
    return fails(FTRUNCATE, fd) ? -1 : real(fd, size);
}

int rename(const char *from, const char *to) {
    REAL(rename);
    return fails_path(RENAME, AT_FDCWD, to) ? -1 : real(from, to);
}

int renameat(int folder, const char *from, int other, const char *to) {
    REAL(renameat);
    return fails_path(RENAME, other, to) ? -1 : real(folder, from, other, to);
}

int renameat2(int folder, const char *from, int other, const char *to, unsigned flags) {
    REAL(renameat2);
    return fails_path(RENAME, other, to) ? -1 : real(folder, from, other, to, flags);
}

int stat(const char *path, struct stat *found) {
    REAL(stat);
    return fails_path(STAT, AT_FDCWD, path) ? -1 : real(path, found);
}

int stat64(const char *path, struct stat64 *found) {
    REAL(stat64);
    return fails_path(STAT, AT_FDCWD, path) ? -1 : real(path, found);
}

int lstat(const char *path, struct stat *found) {
    REAL(lstat);
    return fails_path(STAT, AT_FDCWD, path) ? -1 : real(path, found);
}

int lstat64(const char *path, struct stat64 *found) {
    REAL(lstat64);
    return fails_path(STAT, AT_FDCWD, path) ? -1 : real(path, found);
}

int fstatat(int folder, const char *path, struct stat *found, int flags) {
    REAL(fstatat);
    return fails_path(STAT, folder, path) ? -1 : real(folder, path, found, flags);
}

int fstatat64(int folder, const char *path, struct stat64 *found, int flags) {
    REAL(fstatat64);
    return fails_path(STAT, folder, path) ? -1 : real(folder, path, found, flags);
}
