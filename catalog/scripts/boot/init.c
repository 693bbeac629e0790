/* The boot test's userland where the toolchain has no C library: says one line, loads the modules that /modules/order
 * names, turns the machine off. System calls are made by hand, so it needs a compiler and a linker and nothing else.
 *
 * Call numbers and conventions: each architecture's asm/unistd.h and syscall(2). Every call here has at most three arguments. */

#if defined(__x86_64__)
enum { SYS_read = 0, SYS_write = 1, SYS_open = 2, SYS_uname = 63, SYS_reboot = 169, SYS_init_module = 175, SYS_syslog = 103 };
static long call(long n, long a, long b, long c) {
  long r;
  __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return r;
}
#elif defined(__i386__)
enum { SYS_read = 3, SYS_write = 4, SYS_open = 5, SYS_reboot = 88, SYS_uname = 122, SYS_init_module = 128, SYS_syslog = 103 };
static long call(long n, long a, long b, long c) {
  long r;
  __asm__ volatile("int $0x80" : "=a"(r) : "a"(n), "b"(a), "c"(b), "d"(c) : "memory");
  return r;
}
#elif defined(__arm__)
enum { SYS_read = 3, SYS_write = 4, SYS_open = 5, SYS_reboot = 88, SYS_uname = 122, SYS_init_module = 128, SYS_syslog = 103 };
static long call(long n, long a, long b, long c) {
  register long r7 __asm__("r7") = n;
  register long r0 __asm__("r0") = a;
  register long r1 __asm__("r1") = b;
  register long r2 __asm__("r2") = c;
  __asm__ volatile("swi 0" : "+r"(r0) : "r"(r7), "r"(r1), "r"(r2) : "memory");
  return r0;
}
#elif defined(__mips__)
#if defined(_ABI64) && _MIPS_SIM == _ABI64
enum { SYS_read = 5000, SYS_write = 5001, SYS_open = 5002, SYS_uname = 5061, SYS_reboot = 5164, SYS_init_module = 5168, SYS_syslog = 5101 };
#elif defined(_ABIN32) && _MIPS_SIM == _ABIN32
enum { SYS_read = 6000, SYS_write = 6001, SYS_open = 6002, SYS_uname = 6061, SYS_reboot = 6164, SYS_init_module = 6168, SYS_syslog = 6101 };
#else
enum { SYS_read = 4003, SYS_write = 4004, SYS_open = 4005, SYS_reboot = 4088, SYS_uname = 4122, SYS_init_module = 4128, SYS_syslog = 4103 };
#endif
static long call(long n, long a, long b, long c) {
  register long v0 __asm__("$2") = n;
  register long a0 __asm__("$4") = a;
  register long a1 __asm__("$5") = b;
  register long a2 __asm__("$6") = c;
  register long a3 __asm__("$7");
  __asm__ volatile("syscall" : "+r"(v0), "=r"(a3) : "r"(a0), "r"(a1), "r"(a2)
                   : "$1", "$3", "$8", "$9", "$10", "$11", "$12", "$13", "$14", "$15", "$24", "$25", "memory");
  return a3 ? -v0 : v0;
}
#elif defined(__powerpc__)
enum { SYS_read = 3, SYS_write = 4, SYS_open = 5, SYS_reboot = 88, SYS_uname = 122, SYS_init_module = 128, SYS_syslog = 103 };
static long call(long n, long a, long b, long c) {
  register long r0 __asm__("r0") = n;
  register long r3 __asm__("r3") = a;
  register long r4 __asm__("r4") = b;
  register long r5 __asm__("r5") = c;
  __asm__ volatile("sc; bns+ 1f; neg %1, %1; 1:" : "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5) :
                   : "cr0", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "memory");
  return r3;
}
#elif defined(__s390x__)
enum { SYS_read = 3, SYS_write = 4, SYS_open = 5, SYS_reboot = 88, SYS_uname = 122, SYS_init_module = 128, SYS_syslog = 103 };
static long call(long n, long a, long b, long c) {
  register long r1 __asm__("r1") = n;
  register long r2 __asm__("r2") = a;
  register long r3 __asm__("r3") = b;
  register long r4 __asm__("r4") = c;
  __asm__ volatile("svc 0" : "+d"(r2) : "d"(r1), "d"(r3), "d"(r4) : "memory");
  return r2;
}
#elif defined(__m68k__)
enum { SYS_read = 3, SYS_write = 4, SYS_open = 5, SYS_reboot = 88, SYS_uname = 122, SYS_init_module = 128, SYS_syslog = 103 };
static long call(long n, long a, long b, long c) {
  register long d0 __asm__("d0") = n;
  register long d1 __asm__("d1") = a;
  register long d2 __asm__("d2") = b;
  register long d3 __asm__("d3") = c;
  __asm__ volatile("trap #0" : "+d"(d0) : "d"(d1), "d"(d2), "d"(d3) : "memory");
  return d0;
}
#elif defined(__sh__)
enum { SYS_read = 3, SYS_write = 4, SYS_open = 5, SYS_reboot = 88, SYS_uname = 122, SYS_init_module = 128, SYS_syslog = 103 };
static long call(long n, long a, long b, long c) {
  register long r3 __asm__("r3") = n;
  register long r4 __asm__("r4") = a;
  register long r5 __asm__("r5") = b;
  register long r6 __asm__("r6") = c;
  register long r0 __asm__("r0");
  __asm__ volatile("trapa #0x13" : "=r"(r0) : "r"(r3), "r"(r4), "r"(r5), "r"(r6) : "memory");
  return r0;
}
#elif defined(__sparc__)
enum { SYS_read = 3, SYS_write = 4, SYS_open = 5, SYS_reboot = 55, SYS_uname = 189, SYS_init_module = 190, SYS_syslog = 207 };
static long call(long n, long a, long b, long c) {
  register long g1 __asm__("g1") = n;
  register long o0 __asm__("o0") = a;
  register long o1 __asm__("o1") = b;
  register long o2 __asm__("o2") = c;
#ifdef __arch64__
  __asm__ volatile("t 0x6d; bcs,a 1f; sub %%g0, %0, %0; 1:" : "+r"(o0), "+r"(o1) : "r"(g1), "r"(o2) : "cc", "memory");
#else
  __asm__ volatile("t 0x10; bcs,a 1f; sub %%g0, %0, %0; 1:" : "+r"(o0), "+r"(o1) : "r"(g1), "r"(o2) : "cc", "memory");
#endif
  return o0;
}
#elif defined(__alpha__)
enum { SYS_read = 3, SYS_write = 4, SYS_open = 45, SYS_reboot = 311, SYS_init_module = 307, SYS_uname = 339, SYS_syslog = 310 };
static long call(long n, long a, long b, long c) {
  register long v0 __asm__("$0") = n;
  register long a0 __asm__("$16") = a;
  register long a1 __asm__("$17") = b;
  register long a2 __asm__("$18") = c;
  register long a3 __asm__("$19");
  __asm__ volatile("callsys" : "+r"(v0), "+r"(a0), "+r"(a1), "+r"(a2), "=r"(a3) :
                   : "$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$20", "$21", "$22", "$23", "$24", "$25", "$27", "$28", "memory");
  return a3 ? -v0 : v0;
}
/* Nothing gives a program's first function its global pointer. */
__asm__(".globl _start\n.ent _start\n_start: br $27, 1f\n1: ldgp $29, 0($27)\n lda $27, begin\n jmp $31, ($27)\n.end _start\n");
#define HAS_START
#elif defined(__hppa__)
enum { SYS_read = 3, SYS_write = 4, SYS_open = 5, SYS_reboot = 88, SYS_uname = 59, SYS_init_module = 128, SYS_syslog = 103 };
static long call(long n, long a, long b, long c) {
  register long r28 __asm__("r28");
  register long r20 __asm__("r20") = n;
  register long r26 __asm__("r26") = a;
  register long r25 __asm__("r25") = b;
  register long r24 __asm__("r24") = c;
  __asm__ volatile("ble 0x100(%%sr2, %%r0)\n\tcopy %1, %%r20"
                   : "=r"(r28) : "r"(r20), "r"(r26), "r"(r25), "r"(r24)
                   : "r1", "r2", "r4", "r21", "r22", "r23", "r29", "r31", "memory");
  return r28;
}
__asm__(".globl _start\n.import begin,code\n_start:\n ldil L%$global$, %r27\n ldo R%$global$(%r27), %r27\n"
        " ldo 64(%r30), %r30\n bl begin, %r2\n nop\n");
#define HAS_START
#elif defined(__aarch64__) || defined(__riscv) || defined(__loongarch__) || defined(__or1k__) || defined(__arc__) || defined(__nios2__)
/* The generic table (asm-generic/unistd.h) has no open. */
enum { SYS_openat = 56, SYS_read = 63, SYS_write = 64, SYS_init_module = 105, SYS_reboot = 142, SYS_uname = 160, SYS_syslog = 116 };
#define AT_FDCWD -100
static long call(long n, long a, long b, long c) {
#if defined(__aarch64__)
  register long x8 __asm__("x8") = n;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
#elif defined(__riscv)
  register long a7 __asm__("a7") = n;
  register long a0 __asm__("a0") = a;
  register long a1 __asm__("a1") = b;
  register long a2 __asm__("a2") = c;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
  return a0;
#elif defined(__loongarch__)
  register long a7 __asm__("$a7") = n;
  register long a0 __asm__("$a0") = a;
  register long a1 __asm__("$a1") = b;
  register long a2 __asm__("$a2") = c;
  __asm__ volatile("syscall 0" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2)
                   : "$t0", "$t1", "$t2", "$t3", "$t4", "$t5", "$t6", "$t7", "$t8", "memory");
  return a0;
#elif defined(__or1k__)
  register long r11 __asm__("r11") = n;
  register long r3 __asm__("r3") = a;
  register long r4 __asm__("r4") = b;
  register long r5 __asm__("r5") = c;
  __asm__ volatile("l.sys 1\n\tl.nop" : "+r"(r11) : "r"(r3), "r"(r4), "r"(r5)
                   : "r6", "r7", "r8", "r12", "r13", "r15", "r17", "r19", "r21", "r23", "r25", "r27", "r29", "r31", "memory");
  return r11;
#elif defined(__arc__)
  register long r8 __asm__("r8") = n;
  register long r0 __asm__("r0") = a;
  register long r1 __asm__("r1") = b;
  register long r2 __asm__("r2") = c;
#ifdef __A7__
  __asm__ volatile("swi" : "+r"(r0) : "r"(r8), "r"(r1), "r"(r2) : "memory");
#else
  __asm__ volatile("trap_s 0" : "+r"(r0) : "r"(r8), "r"(r1), "r"(r2) : "memory");
#endif
  return r0;
#else
  register long r2 __asm__("r2") = n;
  register long r4 __asm__("r4") = a;
  register long r5 __asm__("r5") = b;
  register long r6 __asm__("r6") = c;
  register long r7 __asm__("r7");
  __asm__ volatile("trap" : "+r"(r2), "=r"(r7) : "r"(r4), "r"(r5), "r"(r6) : "memory");
  return r7 ? -r2 : r2;
#endif
}
#elif defined(__microblaze__)
enum { SYS_read = 3, SYS_write = 4, SYS_open = 5, SYS_reboot = 88, SYS_uname = 122, SYS_init_module = 128, SYS_syslog = 103 };
static long call(long n, long a, long b, long c) {
  register long r12 __asm__("r12") = n;
  register long r5 __asm__("r5") = a;
  register long r6 __asm__("r6") = b;
  register long r7 __asm__("r7") = c;
  register long r3 __asm__("r3");
  __asm__ volatile("brki r14, 8" : "=r"(r3) : "r"(r12), "r"(r5), "r"(r6), "r"(r7) : "r4", "r14", "memory");
  return r3;
}
#else
#error "the freestanding userland knows no system calls for this architecture"
#endif

static long open_file(const char *path) {
#ifdef AT_FDCWD
  return call(SYS_openat, AT_FDCWD, (long)path, 0);
#else
  return call(SYS_open, (long)path, 0, 0);
#endif
}

static void say(const char *text) {
  long size = 0;
  while (text[size]) ++size;
  call(SYS_write, 1, (long)text, size);
}

/* struct new_utsname: six fields of 65 bytes. */
static char uts[6][65];
static char line[512];
static char module_image[16 << 20], order[16 << 10], kernel_log[64 << 10];

static void say_line(void) {
  static const char token[] = "swage-boot-ok:";
  char *at = line;
  int field;
  const char *from;
  call(SYS_uname, (long)uts, 0, 0);
  for (from = token; *from;) *at++ = *from++;
  for (field = 0; field < 5; ++field) {
    *at++ = ' ';
    for (from = uts[field]; *from;) *at++ = *from++;
  }
  *at++ = '\n';
  *at = 0;
  say(line);
}

/* All of a file but what is more than `room`; -1: it cannot be opened. */
static long read_file(const char *path, char *into, long room) {
  long size = 0, got;
  const long file = open_file(path);
  if (file < 0) return -1;
  while ((got = call(SYS_read, file, (long)(into + size), room - size)) > 0) size += got;
  return size;
}

static void say_of(const char *name, const char *what) {
  say("swage-module: ");
  say(name);
  say(what);
}

/* What the kernel has said since this was asked before; without the level in front of each line. */
enum { SYSLOG_READ_CLEAR = 4, SYSLOG_CLEAR = 5 };
static void say_kernel_log(const char *name) {
  const long size = call(SYS_syslog, SYSLOG_READ_CLEAR, (long)kernel_log, sizeof kernel_log - 1);
  char *at = kernel_log, *end;
  if (size <= 0) return;
  kernel_log[size] = 0;
  for (; *at; at = end) {
    for (end = at; *end && *end != '\n'; ++end) {
    }
    if (*end) *end++ = 0;
    if (*at == '<') {
      while (*at && *at != '>') ++at;
      if (*at) ++at;
    }
    say_of(name, ": ");
    say(at);
    say("\n");
  }
}

/* Loads what a line of `order` says: FILE.ko, and after a space its parameters. False: the kernel refused it. */
static int load_module(char *file) {
  static char path[300] = "/modules/", number[5];
  char *at = path + 9, *name = at, *from = file;
  long size, error;
  int loaded;
  while (*from && *from != ' ' && at < path + sizeof path - 1) *at++ = *from++;
  *at = 0;
  if (*from == ' ') ++from;
  size = read_file(path, module_image, sizeof module_image);
  error = -call(SYS_init_module, (long)module_image, size < 0 ? 0 : size, (long)from);
  if (at - name > 3) at[-3] = 0;   /* .ko */
  loaded = error <= 0;
  if (loaded) {
    say_of(name, " loaded\n");
  } else {
    static const long units[] = {1000, 100, 10, 1};   /* no division: some processors leave that to a library */
    char *digit = number;
    int unit;
    for (unit = 0; unit < 4; ++unit) {
      *digit = '0';
      while (error >= units[unit]) {
        error -= units[unit];
        ++*digit;
        __asm__ volatile("" : "+r"(error));   /* or a compiler would make a division of it */
      }
      if (*digit != '0' || digit > number || unit == 3) ++digit;
    }
    *digit = 0;
    say_of(name, " refused: error ");
    say(number);
    say("\n");
  }
  say_kernel_log(name);
  return loaded;
}

static int load_modules(void) {
  char *at = order, *end;
  const long size = read_file("/modules/order", order, sizeof order - 1);
  if (size < 0) return 1;
  order[size] = 0;
  call(SYS_syslog, SYSLOG_CLEAR, 0, 0);
  for (; *at; at = end) {
    for (end = at; *end && *end != '\n'; ++end) {
    }
    if (*end) *end++ = 0;
    if (!load_module(at)) return 0;
  }
  return 1;
}

#ifdef HAS_START
void begin(void);
void begin(void)
#else
void _start(void);
#ifdef __i386__
__attribute__((force_align_arg_pointer))
#endif
void _start(void)
#endif
{
  if (load_modules()) say_line();
  /* LINUX_REBOOT_CMD_POWER_OFF, then RESTART: machines differ in which they can do; QEMU leaves on each. */
  call(SYS_reboot, 0xfee1dead, 672274793, 0x4321fedc);
  call(SYS_reboot, 0xfee1dead, 672274793, 0x01234567);
  for (;;) {
  }
}
