/* The protocol of the shared journal, for spin (`make model`): at most one runner gets past "sending" for one request.
 *
 * The server holds a version number that grows with each accepted write, and who wrote it last. A write names the version
 * it was made from, and is refused if that isn't the current one. It may be applied at once, be lost, be applied with its
 * response lost, or arrive later. Time is counted in steps. A runner sends only in the first half of the lease, counted
 * from the beginning of its write; a request that was sent is beyond anybody's reach. A runner may stand still at any
 * point, which here is the same as time that passes, or die: then it takes no further step.
 *
 * A runner that finds "sending" in the journal doesn't send. (Shipline looks the request up, and then the clock keeps the
 * first runner from sending later; tests/unit/test_lease_schedules.py checks that.)
 * -DNO_FENCE leaves out the write of "sending": then spin must find two senders.
 */
#define RUNNERS 2
#define LEASE 2
#define LAST 5
#define TRIES 2

byte now;                       /* the time */
byte head;                      /* the server's current version; 0: nothing was written */
byte writer = 255;              /* who wrote it */
bool held;                      /* whether that run goes on */
bool recorded;                  /* whether "sending" is in the journal */
byte senders;                   /* how many runners got past "sending" */
byte late_from = 255;           /* a write that is under way: the version it was made from, */
byte late_by; bool late_held; bool late_recorded;

inline apply(from, by, holds, records, applied) {
    if
    :: head == from -> head++; writer = by; held = holds; recorded = recorded || records; applied = true
    :: else -> applied = false
    fi
}

/* One write; `ok`: this runner knows that it was accepted. A lost response is settled by reading. */
inline write(from, by, holds, records, ok) {
    bool applied = false;
    if
    :: atomic { apply(from, by, holds, records, applied); ok = applied; applied = false } /* applied, and reported or read */
    :: atomic { late_from == 255 -> late_from = from; late_by = by; late_held = holds; late_recorded = records };
       atomic { ok = (head == from + 1 && writer == by) }                               /* under way: it may have arrived */
    :: ok = false                                                                       /* lost */
    fi
}

active proctype network() {
    bool applied;
    do
    :: atomic { late_from != 255 -> apply(late_from, late_by, late_held, late_recorded, applied);
                late_from = 255; late_by = 0; late_held = false; late_recorded = false; applied = false }
    :: atomic { late_from != 255 -> late_from = 255; late_by = 0; late_held = false; late_recorded = false }   /* it never arrives */
    :: now >= LAST && late_from == 255 -> break
    od
}

active proctype clock() {
    do
    :: now < LAST -> now++
    :: now >= LAST -> break
    od
}

active [RUNNERS] proctype runner() {
    byte seen, since, begun, tries;
    bool ok, was_recorded;

look:
    atomic { seen = head; was_recorded = recorded; since = now };
    if
    :: atomic { head == seen && held && writer != _pid } ->
       do                                                                               /* wait for its silence */
       :: head != seen -> goto look
       :: now > since + LEASE -> break
       :: now >= LAST -> goto end
       od
    :: else
    fi;
    write(seen, _pid, true, false, ok);
    if
    :: !ok -> tries++; if :: tries < TRIES -> goto look :: else -> goto end fi
    :: else
    fi;
    if
    :: was_recorded -> goto end                                  /* an earlier run may have sent it: look it up, don't send */
    :: else
    fi;
    begun = now;
#ifndef NO_FENCE
    write(seen + 1, _pid, true, true, ok);
    if
    :: !ok -> goto end
    :: else
    fi;
#endif
    /* The check and the first byte: nothing comes between them in the model (docs/reliability.md has the limit). */
    if
    :: atomic { now <= begun + LEASE / 2 -> senders++ }
    :: atomic { now > begun + LEASE / 2 -> goto end }
    fi;
end:
    assert(senders <= 1)
}
