import { tellDeployment } from './testing/deployment-story.js'
import { tellDiagnosis } from './testing/diagnosis-story.js'

tellDeployment('a deployment, from nothing to nothing', {
  runtime: 'embedded',
  killed: ['server', 'redis', 'postgres'],
  more: tellDiagnosis,
})
