#!/bin/bash
# Runs the jobs of a sweep on a Slurm cluster, one array task each; jobs are counted from 0. Scores go to results/JOB.json.
#
#   sbatch --array=0-31 tools/sweep_slurm.sh sweep.json
#   retina evaluate --merge results/*.json --output merged.json
#
# The same line again goes on where it was cut off; a task that nears its time limit is asked to end, and keeps its state. RETINA names
# another binary, RESULTS another folder.
#SBATCH --job-name=retina-sweep
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=2
#SBATCH --mem=4G
#SBATCH --time=04:00:00
#SBATCH --signal=TERM@120
#SBATCH --output=retina-sweep-%A-%a.log
set -euo pipefail
usage="usage: sbatch --array=0-N tools/sweep_slurm.sh SWEEP"
sweep=${1:?$usage}
job=${SLURM_ARRAY_TASK_ID:?$usage}
results=${RESULTS:-results}
mkdir -p "$results"
srun "${RETINA:-retina}" fit --sweep "$sweep" --job "$job" --resume --threads "${SLURM_CPUS_PER_TASK:-1}" \
  --results "$results/$job.json"
