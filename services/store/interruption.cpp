#include "services/store/interruption.hpp"

namespace portico::store {

namespace {

// All that a signal handler may touch.
volatile std::sig_atomic_t heard = 0;

void hear(int)
{
    heard = 1;
}

void handle(void (*handler)(int))
{
    struct sigaction action {};
    action.sa_handler = handler; // no SA_RESTART: who waits is to wake up
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal, &action, nullptr);
}

} // namespace

Interruption::Interruption()
{
    heard = 0;
    handle(hear);
}

Interruption::~Interruption()
{
    handle(SIG_DFL);
}

bool Interruption::asked() const
{
    return heard != 0;
}

} // namespace portico::store
