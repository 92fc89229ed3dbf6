#pragma once

#include "net/task.hpp"
#include "services/mail/changes.hpp"

#include <asio/any_completion_handler.hpp>
#include <asio/executor_work_guard.hpp>

#include <vector>

namespace portico::mail {

/// Who waits for the writer: a coroutine on a loop, which has work for as long as it does.
struct Waiter {
    asio::executor_work_guard<net::Executor> loop;
    asio::any_completion_handler<void(Outcome)> resume;
    Outcome outcome;
};

/// Wakes them, each on its loop. From any thread.
void answer(std::vector<Waiter> waiters);

} // namespace portico::mail
