/*
 * The converging loader: who asks meets who asked before. Names are those of src/Drover.Loading; what is atomic here runs there between two awaits, on the one
 * event loop, and whatever may be queued on that loop in between may come in between here.
 *
 *   spin -DSCENE=CHAIN -a loader.pml && cc -O2 -DSAFETY -DNOCLAIM -o pan pan.c && ./pan
 *
 * README.md says what is left out; ./check runs every scene, and every -DBREAK_... (one line broken each), which must fail.
 */

#define CHAIN  1   /* A needs B; askers of A, of A who may leave, and of B */
#define TWO    2   /* another process, which may die, loads A, too, and A's init, there, asks us for B */
#define ITSELF 3   /* A's init asks for A; -DNO_GATE: and there is no lock */

#ifndef SCENE
#define SCENE CHAIN
#endif

#define A 0
#define B 1
#define MODULES 2

#define ASKERS  3
#if SCENE == CHAIN
#define FLIGHTS 5                   /* as many as there can ever be: an assertion says when not */
#else
#define FLIGHTS 4
#endif
#define WAITERS (ASKERS + FLIGHTS)  /* a flight waits for its dependency */
#define NONE    255

mtype = { PENDING, LOADED, FAILED, LEFT };
mtype:state = { ABSENT, COMING, LIVE };

/* ---- the rules that ./check breaks, one at a time ---- */

/* 2: who asks while it is in flight joins. */
#ifdef BREAK_NOBODY_JOINS
#define joins(m) false
#else
#define joins(m) (table[m] != NONE)
#endif

/* 4: a failure answers what was asked before it was known, and nothing later. */
#ifdef BREAK_FAILURE_FOR_EVER
#define answers(failure, made) (failure != 0)
#elif defined(BREAK_FAILURE_FORGOTTEN)
#define answers(failure, made) false
#else
#define answers(failure, made) (made <= failure)
#endif

/* 4: a failure older than the request is no answer to it, even if it was one to the flight that the request joined. */
#ifdef BREAK_OLD_FAILURE_ANSWERS_JOINER
#define asks_again(id, made) false
#elif defined(BREAK_ASKS_FOR_EVER)
#define asks_again(id, made) (told[id] == FAILED)
#else
#define asks_again(id, made) (told[id] == FAILED && made > told_known[id])
#endif

/* 4: the flight may have waited, and another one failed meanwhile. */
#ifdef BREAK_MEMORY_SEEN_ONCE
#define memory_answers(m, made) false
#else
#define memory_answers(m, made) answers(last[m], made)
#endif

/* 9: what is in the kernel is not dropped. */
#ifdef BREAK_DROPPED_IN_KERNEL
#define may_drop(f) true
#else
#define may_drop(f) (!flights[f].in_kernel)
#endif

/* 9: a load without waiting requests is not begun, even if the last one left between the gate and the call. */
#ifdef BREAK_CALLED_FOR_NOBODY
#define is_unwanted_inside(f) false
#else
#define is_unwanted_inside(f) flights[f].abandoned
#endif

/* Loader.Remove: the name may belong to a new flight already. */
#ifdef BREAK_REMOVED_BY_NAME
#define is_in_table(f) true
#else
#define is_in_table(f) (table[flights[f].module] == f)
#endif

/* 10: what another process did while we waited for the gate may be the answer. */
#ifdef BREAK_NO_LOOK_INSIDE
#define is_live_inside(m) false
#else
#define is_live_inside(m) (module[m] == LIVE)
#endif

/* 11: a request from a module in the kernel waits with a timeout. */
#ifdef BREAK_NO_PATIENCE
#define PATIENT false
#else
#define PATIENT true
#endif

/* LiveWatch: a module is live before its call returns. */
#ifdef BREAK_NO_LIVE_WATCH
#define looks(watched) false
#else
#define looks(watched) (!watched)
#endif

/* 10: one process at a time a module; or no lock at all, where there can be none (NoLocks). */
#if defined(NO_GATE) || defined(BREAK_GATE_IGNORED)
#define may_enter(m) true
#else
#define may_enter(m) (gate[m] == FREE)
#endif

/* All get the result there is. */
#ifdef BREAK_JOINER_TOLD_SUCCESS
#define result_for(i, what) (i == 1 -> LOADED : what)
#else
#define result_for(i, what) what
#endif

/* ---- the kernel: gate.pml has it at length; here a call fails or leaves the module live, and then returns ---- */

mtype:state module[MODULES] = ABSENT;
byte seqnum;                        /* /sys/kernel/uevent_seqnum: one event a request */
byte calls[MODULES];                /* ghost: in flight */
bool tried[MODULES];                /* ghost: called at least once */
byte known[MODULES];                /* ghost: the SEQNUM at which a failure was last known to any process, 0 for none */

inline begin_call(m, made) {
    assert(calls[m] == 0);          /* one call in flight a module, in all processes */
    assert(module[m] == ABSENT);    /* no call for a live module */
    assert(made > known[m]);        /* a request made before a failure was known costs no further call */
#if SCENE == CHAIN
    assert(m == B || module[B] == LIVE);
#endif
    calls[m]++;
    tried[m] = true;
    module[m] = COMING
}

/* A call returns when all asynchronous probes have ended, of whichever driver: let one that keeps B's call want A. */
#if SCENE == CHAIN
#define probes_ended(m) (m == A || table[A] == NONE || tried[A])
#else
#define probes_ended(m) true
#endif

/* ---- between processes: IModuleLocks, one lock a module, and the failure its last holder left in it ---- */

#define FREE  NONE
#define OTHER 254
byte gate[MODULES] = FREE;
byte left_failure[MODULES];         /* a SEQNUM, or 0 */

/* ---- the loader's state, owned by its loop ---- */

byte table[MODULES] = NONE;         /* Loader._flights */
byte last[MODULES];                 /* LoadCache, a failure's SEQNUM, or 0 */
bool file_held[MODULES];            /* FileLocks */
byte budget = 1;                    /* LoadBudget, counted in loads */

typedef Flight {
    byte module;
    byte made;                      /* MadeAt: the first request's SEQNUM */
    short waiters;                  /* until it is usable: a bit each */
    short late;                     /* until it has landed */
    bool usable, landed, in_kernel, abandoned;
    mtype landing;
    byte known                      /* if that is a failure: its SEQNUM */
};
Flight flights[FLIGHTS];
byte flown;

mtype told[WAITERS] = PENDING;      /* Waiter.Landed; everybody waits for one thing at a time */
byte told_known[WAITERS];
byte answered[ASKERS];

inline tell(id, what, when) {
    assert(told[id] == PENDING);    /* a TaskCompletionSource is set once */
    told[id] = what;
    told_known[id] = when
}

inline tell_all(who, what, when) {
    for (i : 0 .. WAITERS - 1) {
        if
        :: who & (1 << i) -> tell(i, result_for(i, what), when)
        :: else -> skip
        fi
    };
    i = 0;
    who = 0
}

inline wait_until_usable(f, id) {
    told[id] = PENDING;
    if
    :: flights[f].usable || flights[f].landed -> tell(id, flights[f].landing, flights[f].known)
    :: else -> flights[f].waiters = flights[f].waiters | (1 << id)
    fi
}

inline wait_until_landed(f, id) {
    told[id] = PENDING;
    if
    :: flights[f].landed -> tell(id, flights[f].landing, flights[f].known)
    :: else -> flights[f].late = flights[f].late | (1 << id)
    fi
}

inline become_usable(f) {
    flights[f].usable = true;
    flights[f].landing = LOADED;
    tell_all(flights[f].waiters, LOADED, 0)
}

inline remove(f) {
    if
    :: is_in_table(f) -> table[flights[f].module] = NONE
    :: else -> skip
    fi
}

inline land(f, what, when) {
    assert(what != LEFT || (flights[f].waiters == 0 && flights[f].late == 0));  /* dropped only without waiting requests */
    assert(!flights[f].usable || what == LOADED);   /* who went on because it was usable was told the truth */
    flights[f].landed = true;
    flights[f].landing = what;
    flights[f].known = when;
    tell_all(flights[f].waiters, what, when);
#ifdef BREAK_LATE_WAITERS_FORGOTTEN
    flights[f].late = 0;
#else
    tell_all(flights[f].late, what, when);
#endif
    flights[f].made = 0; flights[f].usable = false; flights[f].abandoned = false    /* of no more use: fewer states */
}

inline abandon_if_unwanted(f) {
    if
    :: flights[f].waiters == 0 && flights[f].late == 0 && !flights[f].abandoned && may_drop(f) ->
        assert(!flights[f].in_kernel);
        remove(f);
        flights[f].abandoned = true
    :: else -> skip
    fi
}

inline leave(f, id) {
#ifndef BREAK_LEAVER_STILL_TOLD
    flights[f].waiters = flights[f].waiters & ~(1 << id);
    flights[f].late = flights[f].late & ~(1 << id);
#endif
    tell(id, LEFT, 0);
    abandon_if_unwanted(f)
}

/* Loader.ConvergeAsync, up to where it waits: f is the flight that will answer, or NONE if the answer is there. */
inline ask(id, m, made, f) {
    told[id] = PENDING;
    if
    :: joins(m) ->
        f = table[m];
        assert(!flights[f].landed); /* no request joins a flight that has ended */
        wait_until_usable(f, id)
    :: !joins(m) && module[m] == LIVE -> f = NONE; tell(id, LOADED, 0)
    :: !joins(m) && module[m] != LIVE && answers(last[m], made) ->
        f = NONE;
        assert(made <= last[m]);    /* a failure does not answer what is asked after it was known */
        tell(id, FAILED, last[m])
    :: else ->
        assert(table[m] == NONE);   /* one flight a module */
        assert(flown < FLIGHTS);
        f = flown;
        flown++;
        flights[f].module = m;
        flights[f].made = made;
        table[m] = f;
        wait_until_usable(f, id);
        run flight(f, m, made)
    fi
}

/* ---- Loader.RequestAsync: one request for one module ---- */

proctype asker(byte id; byte m; bool may_leave) {
    byte made, f = NONE;
    atomic { seqnum++; made = seqnum };         /* the event; the loop hears of it later */
again:
    atomic { ask(id, m, made, f) };
    if
    :: atomic { told[id] != PENDING ->
            if
            :: asks_again(id, made) -> goto again
            :: !asks_again(id, made) && told[id] == LOADED && f != NONE -> wait_until_landed(f, id)    /* ArriveAsync */
            :: else -> goto done
            fi }
    :: atomic { may_leave && told[id] == PENDING -> leave(f, id); goto done }
    fi;
    if
    :: atomic { told[id] != PENDING -> goto done }
    :: atomic { may_leave && told[id] == PENDING -> leave(f, id); goto done }   /* it has what it asked for */
    fi;
done:
    atomic {
        assert(told[id] != LEFT || may_leave);
        assert(told[id] != LOADED || module[m] == LIVE);
        assert(told[id] != FAILED || made <= told_known[id]);   /* no failure from before the request */
        /* all who waited for a flight to its end got its result */
        assert(told[id] == LEFT || f == NONE || (flights[f].landed && told[id] == flights[f].landing && told_known[id] == flights[f].known));
        assert(answered[id] == 0);              /* exactly once; that it is not never, init sees */
        answered[id]++;
        told[id] = PENDING; told_known[id] = 0; made = 0; f = NONE
    }
}

/* ---- Loader.FlyAsync and LoadAttempt.RunAsync ---- */

#define ME (ASKERS + k)

proctype flight(byte k; byte m; byte made) {
    byte known_at, dependency = NONE, i;
    mtype result = PENDING;
    bool watched;

#if SCENE == CHAIN
    /* BringDependenciesAsync: nothing is held meanwhile */
    if
#ifdef BREAK_DEPENDENCY_NOT_AWAITED
    :: false ->
#else
    :: m == A ->
#endif
again:
        atomic { ask(ME, B, made, dependency) };
        if
        :: atomic { told[ME] != PENDING ->
                if
                :: asks_again(ME, made) -> goto again
                :: else -> skip
                fi }
        :: atomic { flights[k].abandoned && told[ME] == PENDING -> leave(dependency, ME) }
        fi;
        atomic {
            if
            :: told[ME] != LOADED -> result = told[ME]; known_at = told_known[ME]
            :: else -> skip
            fi;
            told[ME] = PENDING; told_known[ME] = 0; dependency = NONE;
            if
            :: result != PENDING -> goto landing
            :: else -> skip
            fi
        }
    :: else -> skip
    fi;
#endif
    atomic { !file_held[m] -> file_held[m] = true };

    /* EnterAsync: budget and gate together, and neither held while the other is waited for */
enter:
    if
    :: atomic { flights[k].abandoned -> result = LEFT; goto outside }
    :: atomic { !flights[k].abandoned && budget > 0 && may_enter(m) -> budget--; gate[m] = k }
    :: atomic { !flights[k].abandoned && budget > 0 && !may_enter(m) ->
#ifdef BREAK_BUDGET_HELD_AT_GATE
            budget--
#endif
        };
        if
        :: atomic { flights[k].abandoned -> result = LEFT; goto outside }
#ifdef BREAK_BUDGET_HELD_AT_GATE
        :: atomic { gate[m] == FREE -> gate[m] = k }
#else
        :: atomic { gate[m] == FREE -> gate[m] = k };
            atomic { gate[m] = FREE; goto enter }
#endif
        fi
    fi;

    /* LookInside, and the call */
    atomic {
        if
        :: is_unwanted_inside(k) -> result = LEFT
        :: else ->
            if
            :: is_live_inside(m) -> result = LOADED
            :: !is_live_inside(m) && answers(left_failure[m], made) -> result = FAILED; known_at = left_failure[m]; last[m] = known_at
            :: !is_live_inside(m) && !answers(left_failure[m], made) && memory_answers(m, made) -> result = FAILED; known_at = last[m]
            :: else ->
                assert(table[m] == k);          /* what the kernel is called for is waited for, and can be joined */
                flights[k].in_kernel = true;
                begin_call(m, made)
            fi
        fi;
        if
        :: result != PENDING -> goto release
        :: else -> skip
        fi
    };
#if SCENE == ITSELF
    if
    :: atomic { m == A && answered[ASKERS - 1] == 0 -> run asker(ASKERS - 1, A, PATIENT) }; answered[ASKERS - 1] > 0
    :: else -> skip
    fi;
#endif
    if
    :: atomic { module[m] = ABSENT; calls[m]--; result = FAILED }
    :: module[m] = LIVE;
        do
        :: d_step { looks(watched) -> watched = true; budget++; become_usable(k) }
        :: atomic { probes_ended(m) -> calls[m]--; result = LOADED }; break
        od
    fi;
    atomic { flights[k].in_kernel = false; abandon_if_unwanted(k) };    /* CallAsync ends; what waits for it is queued */
    atomic {
        if
        :: result == FAILED ->      /* Remember, pass.Leave */
            known_at = seqnum;
            last[m] = seqnum;
            known[m] = seqnum;
#if !defined(NO_GATE) && !defined(BREAK_NO_FAILURE_LEFT)
            left_failure[m] = seqnum
#endif
        :: else -> last[m] = 0; left_failure[m] = 0
        fi;
release:
        if
        :: result == LOADED && watched -> skip  /* given back when it was live */
        :: else -> budget++
        fi;
        watched = false;
#ifdef BREAK_LOCK_KEPT_AFTER_FAILURE
        if
        :: result == FAILED -> skip
        :: else -> gate[m] = FREE
        fi;
#else
        gate[m] = FREE;
#endif
outside:
        file_held[m] = false
    };
landing:
    skip;                           /* FlyAsync goes on when the loop gets to it */
#ifdef BREAK_TOLD_BEFORE_REMOVED
    d_step { land(k, result, known_at) };
    remove(k)
#else
    d_step { remove(k); land(k, result, known_at); result = PENDING; known_at = 0; made = 0 }
#endif
}

/* ---- another Drover, with one request for A; it may die with the gate in its hand, which frees it ---- */

proctype other() {
    byte made;
    atomic { seqnum++; made = seqnum };
    if
    :: module[A] == LIVE -> goto end
    :: else -> skip
    fi;
    atomic { may_enter(A) -> gate[A] = OTHER };
    atomic {
        if
        :: module[A] == LIVE -> gate[A] = FREE; goto end
        :: module[A] != LIVE && made <= left_failure[A] -> gate[A] = FREE; goto end
        :: module[A] != LIVE && made > left_failure[A] -> begin_call(A, made)
        :: module[A] != LIVE && made > left_failure[A] -> goto died
        fi
    };
    atomic { run asker(ASKERS - 1, B, false) };
    answered[ASKERS - 1] > 0;
    if
    :: atomic { module[A] = LIVE; calls[A]-- };
        left_failure[A] = 0
    :: atomic { module[A] = ABSENT; calls[A]-- };
        if
        :: atomic { known[A] = seqnum; left_failure[A] = seqnum }
        :: goto died
        fi
    fi;
    gate[A] = FREE;
    goto end;
died:
#ifndef BREAK_DEAD_HOLDER_KEEPS_LOCK
    gate[A] = FREE;                 /* the kernel closes its files */
#endif
end:
    skip
}

init {
    atomic {
        run asker(0, A, false);
        run asker(1, A, true);
#if SCENE == CHAIN
        run asker(2, B, false);
#elif SCENE == TWO
        run other();
#endif
        skip
    };
    /* Whoever is not answered keeps us here: spin reports the invalid end state. */
    atomic {
        _nr_pr == 1 ->
        assert(answered[0] == 1 && answered[1] == 1);
        assert(table[A] == NONE && table[B] == NONE);
        assert(gate[A] == FREE && gate[B] == FREE && !file_held[A] && !file_held[B] && budget == 1);
        assert(calls[A] == 0 && calls[B] == 0)
    }
}

ltl everybody_is_answered { <> (answered[0] == 1 && answered[1] == 1) }
