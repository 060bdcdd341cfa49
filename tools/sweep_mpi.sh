#!/bin/bash
# Runs the jobs of a sweep under Open MPI: rank r of n takes the jobs r, r + n, r + 2n ... Jobs are counted from 0 and do not
# talk to one another; a job that fails is named on standard error and stops no other. Scores go to results/JOB.json.
#
#   mpirun -n 8 tools/sweep_mpi.sh sweep.json 32
#   retina evaluate --merge results/*.json --output merged.json
#
# The same line again goes on where it was cut off. RETINA names another binary, THREADS the threads of each job (1), RESULTS another
# folder.
set -euo pipefail
usage="usage: mpirun -n RANKS tools/sweep_mpi.sh SWEEP JOBS"
sweep=${1:?$usage}
jobs=${2:?$usage}
results=${RESULTS:-results}
mkdir -p "$results"
for ((job = ${OMPI_COMM_WORLD_RANK:?$usage}; job < jobs; job += OMPI_COMM_WORLD_SIZE)); do
  # A rank that ends with an error would make mpirun kill the others.
  "${RETINA:-retina}" fit --sweep "$sweep" --job "$job" --resume --threads "${THREADS:-1}" --results "$results/$job.json" ||
    echo "job $job failed" >&2
done
