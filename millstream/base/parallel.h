#pragma once
// One pool of threads for our kernels and oneDNN's: OpenMP's. Everything parallel goes through
// here.
#include <omp.h>

#include <algorithm>
#include <cstdint>

namespace millstream {

// Number of threads that a parallel_for may use.
int thread_count();

// Calls f(begin, end) on ranges that cover [0, n). A range holds at least `grain` items, so work of
// up to `grain` items stays on the caller (waking a thread costs 20 to 45 microseconds). `f` must
// not throw; nested calls run on the caller.
template <class F>
void parallel_for(int64_t n, int64_t grain, F&& f) {
  if (n <= 0) return;
  const int64_t shares = std::min<int64_t>(thread_count(), n / std::max<int64_t>(grain, 1));
  if (shares <= 1 || omp_in_parallel()) {
    f(int64_t{0}, n);
    return;
  }
#pragma omp parallel for num_threads(static_cast <int>(shares)) schedule(static, 1)
  for (int64_t share = 0; share < shares; ++share) {
    f(n * share / shares, n * (share + 1) / shares);
  }
}

// Calls f(thread, i) for every i in [0, n), in any order: each thread, known by its number, takes
// the next i when it is done with one, so that a core that others use as well holds nobody up. For
// long items; a single one stays on the caller. `f` must not throw; nested calls run on the caller.
template <class F>
void parallel_tasks(int64_t n, F&& f) {
  const int64_t threads = omp_in_parallel() ? 1 : std::min<int64_t>(thread_count(), n);
  if (threads <= 1) {
    for (int64_t i = 0; i < n; ++i) f(int64_t{0}, i);
    return;
  }
#pragma omp parallel num_threads(static_cast <int>(threads))
  {
    const int64_t thread = omp_get_thread_num();
#pragma omp for schedule(dynamic, 1)
    for (int64_t i = 0; i < n; ++i) f(thread, i);
  }
}

}  // namespace millstream
