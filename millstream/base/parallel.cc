#include "millstream/base/parallel.h"

#include "millstream/base/settings.h"

namespace millstream {

int thread_count() { return std::min(Settings::get().threads, omp_get_max_threads()); }

}  // namespace millstream
