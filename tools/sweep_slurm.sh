#!/bin/bash
# Runs the jobs of a sweep on a Slurm cluster, one array task each; jobs are counted from 0.
#
#   sbatch --array=0-31 tools/sweep_slurm.sh sweep.json
#   retina evaluate --merge results/*.json --output merged.json
#
# RETINA names another binary.
#SBATCH --job-name=retina-sweep
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=2
#SBATCH --mem=4G
#SBATCH --time=04:00:00
#SBATCH --output=retina-sweep-%A-%a.log
set -euo pipefail
usage="usage: sbatch --array=0-N tools/sweep_slurm.sh SWEEP"
sweep=${1:?$usage}
srun "${RETINA:-retina}" fit --sweep "$sweep" --job "${SLURM_ARRAY_TASK_ID:?$usage}" \
  --threads "${SLURM_CPUS_PER_TASK:-1}"
