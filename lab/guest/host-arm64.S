// /lab/host on arm64: passes standard input to the host and prints the host's reply. See GuestChannel.
// The host stops the machine at the symbol "host", reads and writes this process's memory, and lets it go on.
        .set    touched, 0x2000000              // the reply's pages are present
        .globl  _start, host, header, buffer
        .text
_start: ldr     x19, =header
        ldr     x20, =buffer
        ldr     x1, =touched
1:      sub     x1, x1, #4096
        strb    wzr, [x20, x1]
        cbnz    x1, 1b
        mov     x21, #0
2:      mov     x0, #0                          // read(0, buffer + length, 1 MiB)
        add     x1, x20, x21
        mov     x2, #0x100000
        mov     x8, #63
        svc     #0
        cmp     x0, #0
        b.le    3f
        add     x21, x21, x0
        b       2b
3:      str     x21, [x19]
host:   nop
        mov     x0, #-100                       // openat(AT_FDCWD, "/dev/urandom", O_WRONLY)
        adr     x1, device
        mov     x2, #1
        mov     x3, #0
        mov     x8, #56
        svc     #0
        mov     x22, x0
        mov     x0, x22                         // ioctl(RNDADDENTROPY), then RNDRESEEDCRNG
        ldr     x1, =0x40085203
        add     x2, x19, #16
        mov     x8, #29
        svc     #0
        mov     x0, x22
        mov     x1, #0x5207
        mov     x8, #29
        svc     #0
        mov     x0, #1                          // write(1, buffer, reply's length)
        mov     x1, x20
        ldr     x2, [x19, #8]
        mov     x8, #64
        svc     #0
        mov     x0, #0                          // exit(0)
        mov     x8, #93
        svc     #0
device: .asciz  "/dev/urandom"
        .balign 4
        .ltorg
        .bss
        .balign 4096
header: .skip   4096
buffer: .skip   0x10000000
