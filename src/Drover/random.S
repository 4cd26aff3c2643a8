/* The runtime's source of random numbers for hash codes and System.Random (minipal, random.c), which wants no secrets.
   Its own reads /dev/urandom, and there the kernel gathers entropy for a second or more while its generator has no seed:
   early in a boot without hardware random numbers, every start would wait. GRND_INSECURE never waits (getrandom(2),
   Linux 5.6); without it the runtime's own is called.
   void minipal_get_non_cryptographically_secure_random_bytes(uint8_t *buffer, int32_t length) */
    .globl __wrap_minipal_get_non_cryptographically_secure_random_bytes
    .type __wrap_minipal_get_non_cryptographically_secure_random_bytes, %function
    .text
__wrap_minipal_get_non_cryptographically_secure_random_bytes:
#ifdef __x86_64__
    movslq %esi, %rsi
    mov $4, %edx
    mov $318, %eax
    syscall
    cmp %rsi, %rax
    jne __real_minipal_get_non_cryptographically_secure_random_bytes
    ret
#else
    mov x9, x0
    sxtw x1, w1
    mov x2, #4
    mov x8, #278
    svc #0
    cmp x0, x1
    b.ne 1f
    ret
1:  mov x0, x9
    b __real_minipal_get_non_cryptographically_secure_random_bytes
#endif
    .section .note.GNU-stack, "", %progbits
