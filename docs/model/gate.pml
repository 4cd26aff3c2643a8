/*
 * The kernel's side: i_writecount, the gates on a module's file, and the list of modules. Names are the kernel's.
 *
 *   spin -DGATE=EXCLUSIVE -a gate.pml && cc -O2 -DSAFETY -DNOCLAIM -o pan pan.c && ./pan
 *
 * README.md says what is left out; ./check runs every gate, and every -DBREAK_... (one line broken each), which must fail.
 */

#define NONE       0   /* up to 6.3 */
#define EARLY      1   /* 6.4, 064f4536d139 */
#define EXCLUSIVE  2   /* 9828ed3f695a */
#define IDEMPOTENT 3   /* from 6.5, 9b9879fc0327 */

#ifndef GATE
#define GATE NONE
#endif

/* Two call finit_module for one file; the last does, or brings the same module by init_module, which no gate sees. */
#define LOADERS 3

/* ---- the inode: include/linux/fs.h ---- */

short i_writecount;
bool sealed;                        /* fs-verity: its content cannot change any more */

/* Ghosts: who really writes and who really denies. The count must say the same. */
byte writers, deniers;

inline check_count() {
    assert(i_writecount == writers - deniers);
    assert(writers == 0 || deniers == 0)   /* never a writer and a denier together */
}

inline get_write_access(err) {
    atomic {
        if
#ifdef BREAK_WRITER_IGNORES_DENIERS
        :: true -> i_writecount++; writers++; err = OK
#else
        :: i_writecount >= 0 -> i_writecount++; writers++; err = OK
        :: else -> err = ETXTBSY
#endif
        fi;
        check_count()
    }
}

inline put_write_access() {
    atomic { assert(writers > 0); i_writecount--; writers--; check_count() }
}

inline deny_write_access(err) {
    atomic {
        if
#ifdef BREAK_DENIER_IGNORES_WRITERS
        :: true -> i_writecount--; deniers++; err = OK
#else
        :: i_writecount <= 0 -> i_writecount--; deniers++; err = OK
        :: else -> err = ETXTBSY
#endif
        fi;
        check_count()
    }
}

inline exclusive_deny_write_access(err) {
    atomic {
        if
#ifdef BREAK_EXCLUSIVE_IGNORES_DENIERS
        :: i_writecount <= 0 -> i_writecount--; deniers++; err = OK
#else
        :: i_writecount == 0 -> i_writecount--; deniers++; err = OK
#endif
        :: else -> err = ETXTBSY
        fi;
        check_count()
    }
}

inline allow_write_access() {
    atomic { assert(deniers > 0); i_writecount++; deniers--; check_count() }
}

/* ---- the list of modules: kernel/module/main.c ---- */

mtype = { ABSENT, UNFORMED, COMING, LIVE, GOING };
mtype:errno = { OK, ETXTBSY, EEXIST, EBUSY, EINTR, EPERM, ENODEV };

mtype module = ABSENT;              /* the state of the one module, as find_module_all() finds it */
byte live;                          /* ghost: how many of its name are live */

/* wait_event() and wake_up_all() as they are, so that a wake-up can be lost: who waits announces itself first and looks second. */
bool sleeping[LOADERS];             /* on module_wq */
bool signalled[LOADERS];

inline wake_up_all() { d_step { sleeping[0] = false; sleeping[1] = false; sleeping[2] = false } }

#define finished_loading (module == ABSENT || module == LIVE || module == GOING)

/* module_patient_check_exists(), once the caller has seen that there is such a module. */
inline wait_for_the_other(me, err) {
    do
    ::
#ifdef BREAK_SLEEP_UNANNOUNCED
        if
        :: finished_loading -> break
        :: else -> skip
        fi;
        sleeping[me] = true;
#else
        sleeping[me] = true;
        if
        :: atomic { finished_loading -> sleeping[me] = false }; break
        :: else -> skip
        fi;
#endif
        if                          /* schedule() */
#ifdef BREAK_WAITS_BY_SPINNING
        :: sleeping[me] = false
#else
        :: !sleeping[me] -> skip
#endif
        :: atomic { signalled[me] && sleeping[me] -> sleeping[me] = false; err = EINTR }; break
        fi
    od;
    atomic {
        if
        :: err == EINTR -> skip
#ifdef BREAK_EEXIST_WITHOUT_LOOKING
        :: err != EINTR -> err = EEXIST
#else
        :: err != EINTR && module == LIVE -> err = EEXIST
#endif
        :: else -> err = EBUSY      /* "do not try again right now" */
        fi
    }
}

/* ---- stages 4 to 10 of a load: load_module() and do_init_module() ---- */

byte allocated;                     /* ghost: allocations not freed; in the end a live module's image and nothing else */
bool init_failed;                   /* ghost: some module's init said ENODEV */

inline load_module(me, err) {
#if GATE != NONE
    if                              /* since 6.4: before the second allocation */
#ifdef BREAK_EARLY_CHECK_TURNED_ROUND
    :: module == ABSENT -> wait_for_the_other(me, err)
#else
    :: module != ABSENT -> wait_for_the_other(me, err)
#endif
    :: else -> skip
    fi;
#endif
    if
    :: err == OK ->
        /* layout_and_allocate(); add_unformed_module() looks and adds under module_mutex; after a wait it is over, whatever was seen */
        if
#ifdef BREAK_ADD_WITHOUT_LOOKING
        :: atomic { true -> allocated++; module = UNFORMED }
#else
        :: atomic { module == ABSENT -> allocated++; module = UNFORMED }
        :: atomic { module != ABSENT -> allocated++ }; wait_for_the_other(me, err); allocated--
#endif
        fi
    :: else -> skip
    fi;
    if
    :: err == OK ->
        module = COMING;
        if                          /* the module's own init */
        :: atomic { module = LIVE; live++; assert(live == 1) }      /* no module live twice */
        :: atomic { module = GOING; err = ENODEV; init_failed = true };
            module = UNFORMED;      /* free_module(): still in the list while it is taken apart */
#ifdef BREAK_IMAGE_NOT_FREED
            module = ABSENT
#else
            atomic { module = ABSENT; allocated-- }
#endif
        fi;
#ifdef BREAK_NO_WAKE_AFTER_FAILURE
        if
        :: err == OK -> wake_up_all()
        :: else -> skip
        fi
#else
        wake_up_all()
#endif
    :: else -> skip
    fi
}

/* ---- finit_module ---- */

byte setting_up;             /* ghost: callers past the gate with this file, by finit_module */
mtype:errno ret[LOADERS];           /* what each call returned, or will */
byte returned;

inline init_module_from_file(me, err) {
    atomic {
        setting_up++;
#if GATE == EXCLUSIVE || GATE == IDEMPOTENT
        assert(setting_up == 1); /* never two set-ups of one file */
#endif
        deny_write_access(err)   /* stage 3, kernel_read_file(): deny, read into memory, allow */
    };
    if
    :: err == OK ->
        atomic { allocated++; allow_write_access() };
        load_module(me, err);
        atomic { allocated--; setting_up-- }
    :: else -> setting_up--
    fi
}

/* The idempotent gate: kernel/module/main.c, struct idempotent. Ghost: whose result a waiter is to get. */
bool hashed[LOADERS], completed[LOADERS];
byte winner[LOADERS];

inline idempotent_complete(me, err, w) {
    d_step {                        /* under idem_lock */
        for (w : 0 .. LOADERS - 1) {
            if
            :: hashed[w] ->
                hashed[w] = false;
#ifdef BREAK_WAITER_GETS_NO_RESULT
                ret[w] = (w == me -> err : OK);
#else
                ret[w] = err;
#endif
#ifdef BREAK_ONE_WAITER_COMPLETED
                completed[w] = (w != LOADERS - 1)
#else
                completed[w] = true
#endif
            :: else -> skip
            fi
        };
        w = 0
    }
}

inline gated(me, err, w) {
#if GATE == EXCLUSIVE
    exclusive_deny_write_access(err);
    if
    :: err == OK ->
        init_module_from_file(me, err);
#ifdef BREAK_FAILED_LOAD_DENIES_ON
        if
        :: err == OK -> allow_write_access()
        :: else -> skip
        fi
#else
        allow_write_access()
#endif
#ifdef BREAK_ALLOW_WITHOUT_DENY
    :: else -> allow_write_access()
#else
    :: else -> skip
#endif
    fi
#elif GATE == IDEMPOTENT
    d_step {                        /* idempotent(): look and add under idem_lock */
        winner[me] = me;
        for (w : 0 .. LOADERS - 1) {
            if
            :: hashed[w] && winner[w] == w -> winner[me] = w
            :: else -> skip
            fi
        };
        w = 0;
#ifdef BREAK_EVERYBODY_WINS
        winner[me] = me;
#endif
        hashed[me] = true
    };
    if
    :: winner[me] == me -> init_module_from_file(me, err); idempotent_complete(me, err, w)
    :: else ->
        if
        :: completed[me] -> err = ret[me]; assert(err == ret[winner[me]])   /* waiters get the winner's result */
        :: atomic { signalled[me] && !completed[me] -> hashed[me] = false; err = EINTR }
        fi
    fi
#else
    init_module_from_file(me, err)
#endif
}

proctype loader(byte me) {
    byte w;
    mtype:errno err = OK;
    if
    :: gated(me, err, w)
    :: me == LOADERS - 1 -> allocated++; load_module(me, err); allocated--      /* init_module: no file, no gate */
    fi;
    atomic {
        ret[me] = err;
        /* success and EEXIST imply a live module; there is no unloading here */
        assert((err != OK && err != EEXIST) || module == LIVE);
        returned++
    }
}

/* ---- the others that deny and write ---- */

/* A package manager overwrites the file. */
proctype writer() {
    mtype:errno err = EPERM;
    if
    :: atomic { !sealed -> get_write_access(err) }
    :: sealed                       /* open() of a sealed file for writing: EPERM */
    fi;
    if
    :: err == OK ->
        assert(deniers == 0 && !sealed);
        put_write_access()
    :: else -> skip
    fi
}

/* One of these, once, at any moment. A signal wakes its caller; a lost wake-up of the others is not mended by it. */
proctype outsider() {
    mtype:errno err;
    if
    :: skip; deny_write_access(err);        /* execve: denies until the process ends */
        if
        :: err == OK -> allow_write_access()
        :: else -> skip
        fi
    :: skip; deny_write_access(err);        /* FS_IOC_ENABLE_VERITY: denies while it builds the tree */
        if
        :: err == OK -> sealed = true; allow_write_access()
        :: else -> skip
        fi
    :: signalled[1] = true
    fi
}

init {
    atomic {
        run loader(0); run loader(1); run loader(2);
#ifndef ALONE
        run writer(); run outsider();
#endif
        skip
    };
    /* Whoever does not come back keeps us here: spin reports the invalid end state. */
    atomic {
        _nr_pr == 1 ->
        assert(returned == LOADERS);
        assert(i_writecount == 0);
        assert(module == ABSENT || module == LIVE);
        assert(allocated == (module == LIVE -> 1 : 0));
        /* a module is not missing unless its init failed or the file was held */
        assert(module == LIVE || init_failed || ret[0] == ETXTBSY || ret[1] == ETXTBSY || ret[2] == ETXTBSY)
    }
}

ltl every_caller_returns { <> (returned == LOADERS) }
