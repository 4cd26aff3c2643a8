# /lab/host on amd64: passes standard input to the host and prints the host's reply. See GuestChannel.
# The host stops the machine at the symbol "host", reads and writes this process's memory, and lets it go on.
        .set    touched, 0x2000000              # the reply's pages are present
        .globl  _start, host, header, buffer
        .text
_start: lea     header(%rip), %rbx
        lea     buffer(%rip), %rbp
        mov     $touched, %ecx
1:      sub     $4096, %ecx
        movb    $0, (%rbp,%rcx)                 # leaves the flags of sub
        jnz     1b
        xor     %r12d, %r12d
2:      xor     %eax, %eax                      # read(0, buffer + length, 1 MiB)
        xor     %edi, %edi
        lea     (%rbp,%r12), %rsi
        mov     $0x100000, %edx
        syscall
        test    %rax, %rax
        jle     3f
        add     %rax, %r12
        jmp     2b
3:      mov     %r12, (%rbx)
host:   nop
        mov     $2, %eax                        # open("/dev/urandom", O_WRONLY)
        lea     device(%rip), %rdi
        mov     $1, %esi
        syscall
        mov     %eax, %r13d
        mov     $16, %eax                       # ioctl(RNDADDENTROPY), then RNDRESEEDCRNG
        mov     %r13d, %edi
        mov     $0x40085203, %esi
        lea     16(%rbx), %rdx
        syscall
        mov     $16, %eax
        mov     %r13d, %edi
        mov     $0x5207, %esi
        syscall
        mov     $1, %eax                        # write(1, buffer, reply's length)
        mov     $1, %edi
        mov     %rbp, %rsi
        mov     8(%rbx), %rdx
        syscall
        mov     $60, %eax                       # exit(0)
        xor     %edi, %edi
        syscall
device: .asciz  "/dev/urandom"
        .bss
        .balign 4096
header: .skip   4096
buffer: .skip   0x10000000
